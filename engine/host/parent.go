// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// parentPoll is how often the parent is looked for, on systems and in cases where nothing announces its death.
	parentPoll = 500 * time.Millisecond
	// parentPollClosed is the same once our standard input was closed: the engine holds its other end open for its
	// whole life, so that this nearly always means that it died and the kernel is about to hand us to another parent.
	parentPollClosed = 5 * time.Millisecond
)

// firstParent is who started us, read before anything else happens.
var firstParent = os.Getppid()

// parentGone returns once the process that started us has ended, SIGKILL included.
func parentGone(stdin io.Reader) {
	poll := parentPoll
	closed := make(chan struct{})
	if stdin != nil {
		go func() {
			_, _ = io.Copy(io.Discard, stdin)
			close(closed)
		}()
	}
	fast := 200
	for os.Getppid() == firstParent {
		select {
		case <-closed:
			poll, closed = parentPollClosed, nil
		case <-time.After(poll):
		}
		if closed == nil {
			if fast--; fast == 0 {
				poll = parentPoll
			}
		}
	}
}

// endWithParent ends the children and this process when the engine has died.
func endWithParent(c *children) {
	parentGone(os.Stdin)
	c.endForGood()
	os.Exit(1)
}

// endOnSignal ends the children and this process on the signals with which the engine ends a plugin.
func endOnSignal(c *children) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	<-signals
	c.endForGood()
	os.Exit(0)
}

// ignoreBrokenPipes keeps this process alive, and so able to end its children, when nobody reads its output any more:
// a Go program is killed by a write to a closed stdout or stderr otherwise.
func ignoreBrokenPipes() {
	signal.Ignore(syscall.SIGPIPE)
}
