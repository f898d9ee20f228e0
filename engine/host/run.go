// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/google/shlex"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// shownToUser is the exit code of the official entry points once they have shown the user why they failed.
const shownToUser = 32

// Run runs a program to its end. What goes wrong in it is part of the answer, never an error of the call.
func (h *host) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	args, env, err := h.runArguments(r)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	cmd := h.children.command(ctx, "node", args...)
	cmd.Dir = programDirectory(r)
	cmd.Env = append(os.Environ(), env...)
	// NB. Wrapped, so that the program writes into a pipe of ours and not into the engine's: Node.js would make the
	// latter non-blocking for everybody.
	cmd.Stdout = struct{ io.Writer }{os.Stdout}
	cmd.Stderr = struct{ io.Writer }{os.Stderr}
	release, err := h.children.start(cmd)
	if err != nil {
		return &pulumirpc.RunResponse{Error: startError(err).Error()}, nil
	}
	defer release()
	return runResponse(cmd.Wait()), nil
}

func runResponse(err error) *pulumirpc.RunResponse {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case errors.As(err, &exit) && exit.ExitCode() == shownToUser:
		return &pulumirpc.RunResponse{Bail: true}
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program exited with code %d", exit.ExitCode())}
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program was ended: %v", err)}
	}
}

func programDirectory(r *pulumirpc.RunRequest) string {
	if r.Pwd != "" {
		return r.Pwd
	}
	return directory(r.Info, "")
}

// runArguments are the arguments of node and the variables that `cmd/run` reads.
func (h *host) runArguments(r *pulumirpc.RunRequest) (args []string, env []string, err error) {
	if r.AttachDebugger {
		return nil, nil, errors.New("attaching a debugger is not supported by the stand-in language host; use an official Pulumi release for it")
	}
	options, err := readOptions(r.Info)
	if err != nil {
		return nil, nil, err
	}
	dir := programDirectory(r)
	script, err := entryPoint(dir, "run")
	if err != nil {
		return nil, nil, err
	}
	args = append(options.nodeArguments, script)
	flags := [][2]string{
		{"monitor", r.MonitorAddress},
		{"engine", h.engineAddress()},
		{"organization", r.Organization},
		{"project", r.Project},
		{"root-directory", r.Info.GetRootDirectory()},
		{"stack", r.Stack},
		{"pwd", dir},
		{"parallel", strconv.Itoa(int(r.Parallel))},
		{"tracing", h.tracing},
	}
	for _, flag := range flags {
		if flag[1] != "" {
			args = append(args, "--"+flag[0], flag[1])
		}
	}
	if r.DryRun {
		args = append(args, "--dry-run")
	}
	args = append(args, entry(r))
	args = append(args, r.Args...)
	env, err = runEnvironment(r, options)
	return args, env, err
}

// entry is the program's file or folder, "." for the default one of its folder.
func entry(r *pulumirpc.RunRequest) string {
	for _, name := range []string{r.Info.GetEntryPoint(), r.Program} {
		if name != "" {
			return name
		}
	}
	return "."
}

func runEnvironment(r *pulumirpc.RunRequest, o options) ([]string, error) {
	config, err := jsonObject(r.Config)
	if err != nil {
		return nil, err
	}
	keys, err := json.Marshal(append([]string{}, r.ConfigSecretKeys...))
	if err != nil {
		return nil, err
	}
	env := append(o.environment(), "PULUMI_CONFIG="+config, "PULUMI_CONFIG_SECRET_KEYS="+string(keys))
	return env, nil
}

func jsonObject(values map[string]string) (string, error) {
	if values == nil {
		values = map[string]string{}
	}
	text, err := json.Marshal(values)
	return string(text), err
}

// options are the `runtime.options` of a Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml.
type options struct {
	nodeArguments  []string
	isTypeScript   bool
	tsconfig       string
	packageManager string
}

func (o options) environment() []string {
	env := []string{"PULUMI_NODEJS_TYPESCRIPT=" + strconv.FormatBool(o.isTypeScript)}
	if o.tsconfig != "" {
		env = append(env, "PULUMI_NODEJS_TSCONFIG_PATH="+o.tsconfig)
	}
	return env
}

func readOptions(info *pulumirpc.ProgramInfo) (options, error) {
	o := options{isTypeScript: true, packageManager: "npm"}
	for name, value := range info.GetOptions().AsMap() {
		text, isText := value.(string)
		flag, isFlag := value.(bool)
		var err error
		switch name {
		case "typescript":
			o.isTypeScript = flag
			err = wrongOption(name, "true or false", isFlag)
		case "tsconfig":
			o.tsconfig = text
			err = wrongOption(name, "a path", isText)
		case "packagemanager":
			o.packageManager = text
			err = wrongOption(name, "a name", isText)
		case "nodeargs":
			if err = wrongOption(name, "a string", isText); err == nil {
				o.nodeArguments, err = shlex.Split(text)
			}
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

func wrongOption(name, wanted string, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("the runtime option `%s` is not %s; correct it where `runtime` is set", name, wanted)
}
