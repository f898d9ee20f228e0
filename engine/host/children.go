// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// pipesAfterExit bounds how long the output of an ended child is still read: a process that the child left behind may
// hold its pipes open for ever.
const pipesAfterExit = 2 * time.Second

// children are the processes of this host that are running now. Each leads a process group of its own, so that ending
// one ends what it started too.
type children struct {
	mu      sync.Mutex
	running map[*exec.Cmd]struct{}
	starts  chan startRequest
	ended   bool
}

type startRequest struct {
	cmd    *exec.Cmd
	result chan error
}

func newChildren() *children {
	c := &children{running: map[*exec.Cmd]struct{}{}, starts: make(chan startRequest)}
	go c.startAll()
	return c
}

// startAll starts every child from one operating-system thread that lives as long as the host.
// NB. Linux ends a child with a parent-death signal when the *thread* that started it ends, not the process.
func (c *children) startAll() {
	runtime.LockOSThread()
	for request := range c.starts {
		request.result <- request.cmd.Start()
	}
}

// command is a child that is killed with its whole group when ctx ends.
func (c *children) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = pipesAfterExit
	return cmd
}

// start starts cmd and keeps it among the running ones until release is called.
func (c *children) start(cmd *exec.Cmd) (release func(), err error) {
	result := make(chan error, 1)
	c.starts <- startRequest{cmd, result}
	if err := <-result; err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		_ = killGroup(cmd)
	}
	c.running[cmd] = struct{}{}
	return func() { c.release(cmd) }, nil
}

// release forgets an ended child, after ending what is left of its group.
func (c *children) release(cmd *exec.Cmd) {
	_ = killGroup(cmd)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, cmd)
}

// endAll kills every running child with its group.
func (c *children) endAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for cmd := range c.running {
		_ = killGroup(cmd)
	}
}

// endForGood is endAll for a host that is about to exit: a child that is being started right now ends too.
func (c *children) endForGood() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.endAll()
}

// killGroup kills the group that cmd leads. A group that is gone is no error.
func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if err == syscall.ESRCH {
		return nil
	}
	return err
}
