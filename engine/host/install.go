// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// InstallDependencies installs with npm what the program's package.json asks for, streaming npm's output.
func (h *host) InstallDependencies(r *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer) error {
	options, err := readOptions(r.Info)
	if err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	if options.packageManager != "npm" {
		return unsupported(fmt.Sprintf("the package manager `%s`", options.packageManager))
	}
	dir := directory(r.Info, r.Directory)
	args, err := installArguments(dir, r.IsPlugin)
	if err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, r.IsTerminal)
	if err != nil {
		return err
	}
	defer closer.Close()
	stdout, stderr = inTurn(stdout, stderr)
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	fmt.Fprintf(stdout, "npm %s\n", strings.Join(args, " "))
	cmd := h.children.command(ctx, "npm", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, stdout, stderr
	release, err := h.children.start(cmd)
	if err != nil {
		return status.Error(codes.FailedPrecondition, startError(err).Error())
	}
	defer release()
	if err := cmd.Wait(); err != nil {
		return status.Errorf(codes.Aborted, "`npm %s` failed in `%s`: %v", strings.Join(args, " "), dir, err)
	}
	return closer.Close()
}

// installArguments are `ci` for a fresh tree with a lockfile; `install` otherwise, because `npm ci` deletes the
// installed packages first, which may be in use.
func installArguments(dir string, isPlugin bool) ([]string, error) {
	file := findUp(dir, "package.json")
	if file == "" {
		return nil, fmt.Errorf("no package.json in `%s` or above; a Node.js program needs one", dir)
	}
	root := filepath.Dir(file)
	command := "install"
	if exists(filepath.Join(root, "package-lock.json")) && !exists(filepath.Join(root, "node_modules")) {
		command = "ci"
	}
	args := []string{command, "--loglevel=error", "--no-fund", "--no-audit"}
	if isPlugin {
		args = append(args, "--omit=dev")
	}
	return args, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, os.ErrNotExist)
}

// inTurn makes two writers to one gRPC stream wait for each other: a stream takes one message at a time, and a child's
// two outputs are copied at the same time.
func inTurn(a, b io.Writer) (io.Writer, io.Writer) {
	var mu sync.Mutex
	return &turnWriter{&mu, a}, &turnWriter{&mu, b}
}

type turnWriter struct {
	mu *sync.Mutex
	to io.Writer
}

func (w *turnWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// output is what a short command prints.
func (c *children) output(ctx context.Context, name string, args ...string) (string, error) {
	var out strings.Builder
	cmd := c.command(ctx, name, args...)
	cmd.Stdout = &out
	release, err := c.start(cmd)
	if err != nil {
		return "", err
	}
	defer release()
	err = cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	return out.String(), err
}
