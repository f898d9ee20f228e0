// SPDX-License-Identifier: Apache-2.0

// Command host is the project's stand-in for two programs of a Pulumi release that can't be built from a Go module:
//
//   - pulumi-language-nodejs, the Node.js language host: it serves the LanguageRuntime service of the engine and starts
//     the official entry points of @pulumi/pulumi for programs, policy packs and plugins;
//   - pulumi-resource-pulumi-nodejs, which starts the dynamic provider of @pulumi/pulumi.
//
// It is one binary under two names. Under both, whatever it started ends when the engine does, killed or not.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// dynamicProviderName is the file name under which the engine looks for the provider of dynamic resources.
const dynamicProviderName = "pulumi-resource-pulumi-nodejs"

func main() {
	ignoreBrokenPipes()
	if strings.HasPrefix(filepath.Base(os.Args[0]), dynamicProviderName) {
		os.Exit(runDynamicProvider(os.Args[1:]))
	}
	os.Exit(serve())
}

// serve runs the language host until the engine ends it or dies. Its first line on stdout is the port it listens on.
func serve() int {
	// The engine passes its own log flags on (`pulumi -v=9 --logflow`): an unknown one would end the host.
	// NB. Not the default set: the SDK's log package has put flags of these names there.
	flags := flag.NewFlagSet("pulumi-language-nodejs", flag.ExitOnError)
	tracing := flags.String("tracing", "", "address of a tracing endpoint, handed on to programs")
	flags.Bool("logtostderr", false, "accepted for the engine's sake")
	flags.Int("v", 0, "accepted for the engine's sake")
	_ = flags.Parse(os.Args[1:])

	children := newChildren()
	h := &host{engine: flags.Arg(0), tracing: *tracing, children: children}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(s, h)
			return nil
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "the language host could not listen on the loopback address:", err)
		return 1
	}
	go endWithParent(children)
	go endOnSignal(children)
	fmt.Printf("%d\n", handle.Port)
	if err := <-handle.Done; err != nil {
		fmt.Fprintln(os.Stderr, "the language host stopped serving:", err)
		return 1
	}
	return 0
}
