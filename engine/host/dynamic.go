// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// runDynamicProvider starts the dynamic provider of the @pulumi/pulumi that is installed for the working directory,
// with our own arguments and standard streams, and returns its exit code.
// The shell script of that name in @pulumi/pulumi does the same, but its provider outlives a killed engine and goes on
// changing the world; here it ends with the engine.
func runDynamicProvider(args []string) int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "the dynamic provider's working directory can't be read:", err)
		return 1
	}
	script, err := entryPoint(dir, "dynamic-provider")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// NB. The parent-death signal belongs to the thread that starts the child: main's goroutine keeps it.
	runtime.LockOSThread()
	cmd := exec.Command("node", append([]string{script}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	// The engine signals our whole group, the provider included.
	cmd.SysProcAttr = sameGroup()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, startError(err))
		return 1
	}
	go func() {
		parentGone(os.Stdin)
		_ = cmd.Process.Kill()
	}()
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	return exitCode(cmd.Wait())
}

// exitCode is the code of a child that has ended, 1 if it was killed or could not be waited for.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	default:
		return 1
	}
}
