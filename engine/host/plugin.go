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
	"strconv"

	pulumi "github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RunPlugin runs a plugin written for Node.js, streaming its output, until it ends or the stream does.
func (h *host) RunPlugin(r *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer) error {
	if r.AttachDebugger {
		return unsupported("attaching a debugger")
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(stream, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	stdout, stderr = inTurn(stdout, stderr)
	// Whatever was started for this call ends with it.
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	if r.Kind == "analyzer" {
		err = h.runPolicyPack(ctx, r, stdout, stderr)
	} else {
		err = h.runPlugin(ctx, r, stdout, stderr)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return stream.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())},
		})
	}
	return err
}

func (h *host) runPlugin(ctx context.Context, r *pulumirpc.RunPluginRequest, stdout, stderr io.Writer) error {
	cmd, err := h.pluginCommand(ctx, r, "run-plugin", append([]string{directory(r.Info, r.Program)}, r.Args...))
	if err != nil {
		return err
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.Pwd, stdout, stderr
	release, err := h.children.start(cmd)
	if err != nil {
		return startError(err)
	}
	defer release()
	return cmd.Wait()
}

// runPolicyPack runs a policy pack in its own folder. The pack's library wants organization, project, stack and config
// in its environment when it starts, the engine tells them afterwards: the SDK's proxy waits for them in between.
func (h *host) runPolicyPack(ctx context.Context, r *pulumirpc.RunPluginRequest, stdout, stderr io.Writer) error {
	dir := directory(r.Info, r.Program)
	program, err := policyPackProgram(dir)
	if err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	cmd, err := h.pluginCommand(ctx, r, "run-policy-pack", []string{engineArgument(r.Args), program})
	if err != nil {
		// The engine knows this text and says to run npm install in the pack's folder.
		fmt.Fprintln(stderr, "Cannot find module '@pulumi/pulumi/cmd/run-policy-pack'")
		return err
	}
	proxy, packStdout, err := pulumi.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return err
	}
	configuration, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return err
	}
	env, err := policyPackEnvironment(configuration)
	if err != nil {
		return err
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = dir, packStdout, stderr, append(cmd.Env, env...)
	release, err := h.children.start(cmd)
	if err != nil {
		return startError(err)
	}
	defer release()
	return proxy.Attach(ctx, cmd)
}

func (h *host) pluginCommand(ctx context.Context, r *pulumirpc.RunPluginRequest, name string, args []string) (*exec.Cmd, error) {
	o, err := readOptions(r.Info)
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	script, err := entryPoint(directory(r.Info, r.Program), name)
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	cmd := h.children.command(ctx, "node", append(append(o.nodeArguments, script), args...)...)
	env := r.Env
	if len(env) == 0 {
		env = os.Environ()
	}
	cmd.Env = append(append([]string{}, env...), o.environment()...)
	return cmd, nil
}

// engineArgument is the engine's address: the last argument, after the engine's own log flags, which the entry point
// of policy packs would take for the address.
func engineArgument(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[len(args)-1]
}

// policyPackProgram is what is loaded for the pack in dir: the `main` of its PulumiPolicy.yaml, else the folder, whose
// package.json may name a file. The engine itself doesn't look at `main`.
func policyPackProgram(dir string) (string, error) {
	file := filepath.Join(dir, "PulumiPolicy.yaml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return dir, nil
	}
	project, err := workspace.LoadPolicyPack(file)
	if err != nil {
		return "", fmt.Errorf("`%s` can't be read: %w", file, err)
	}
	if project.Main == "" {
		return dir, nil
	}
	program := project.Main
	if !filepath.IsAbs(program) {
		program = filepath.Join(dir, program)
	}
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("`main: %s` in `%s` names nothing that exists; build the policy pack or correct `main`", project.Main, file)
	}
	return program, nil
}

func policyPackEnvironment(c *pulumirpc.AnalyzerStackConfigureRequest) ([]string, error) {
	if c == nil {
		return nil, nil
	}
	config, err := jsonObject(c.Config)
	if err != nil {
		return nil, err
	}
	return []string{
		"PULUMI_NODEJS_ORGANIZATION=" + c.Organization,
		"PULUMI_NODEJS_PROJECT=" + c.Project,
		"PULUMI_NODEJS_STACK=" + c.Stack,
		"PULUMI_NODEJS_DRY_RUN=" + strconv.FormatBool(c.DryRun),
		"PULUMI_CONFIG=" + config,
	}, nil
}
