// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os/exec"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host serves the LanguageRuntime service.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	children *children
	tracing  string

	mu     sync.Mutex
	engine string // address of the engine
}

func (h *host) engineAddress() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.engine
}

// Handshake is called only by an engine that attaches to a running host (PULUMI_DEBUG_LANGUAGES): one that starts the
// host gives its address as the argument.
func (h *host) Handshake(_ context.Context, r *pulumirpc.LanguageHandshakeRequest) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.engine = r.EngineAddress
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// About names the node executable and its version, and says in its metadata that this is not the official host.
func (h *host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, startError(err).Error())
	}
	out, err := h.children.output(ctx, node, "--version")
	if err != nil {
		return nil, status.Errorf(codes.Internal, "`%s --version` failed: %v", node, err)
	}
	return &pulumirpc.AboutResponse{
		Executable: node,
		Version:    strings.TrimSpace(out),
		Metadata:   map[string]string{"language host": "stand-in", "packagemanager": "npm"},
	}, nil
}

// GetProgramDependencies lists what package.json asks for, with the versions that are installed.
func (h *host) GetProgramDependencies(_ context.Context, r *pulumirpc.GetProgramDependenciesRequest) (*pulumirpc.GetProgramDependenciesResponse, error) {
	packages, err := programPackages(directory(r.Info, r.Pwd), r.TransitiveDependencies)
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, p := range packages {
		response.Dependencies = append(response.Dependencies, &pulumirpc.DependencyInfo{Name: p.Name, Version: p.Version})
	}
	return response, nil
}

// GetRequiredPackages lists the installed packages that come with a provider plugin: the engine gets those plugins
// before it runs the program.
func (h *host) GetRequiredPackages(_ context.Context, r *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	packages, err := requiredPackages(directory(r.Info, ""))
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

// GetRequiredPlugins is what engines asked before GetRequiredPackages existed.
func (h *host) GetRequiredPlugins(_ context.Context, r *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	packages, err := requiredPackages(directory(r.Info, r.Pwd))
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	response := &pulumirpc.GetRequiredPluginsResponse{}
	for _, p := range packages {
		response.Plugins = append(response.Plugins, &pulumirpc.PluginDependency{Name: p.Name, Kind: p.Kind, Version: p.Version, Server: p.Server})
	}
	return response, nil
}

// RuntimeOptionsPrompts asks nothing: npm is the one package manager here.
func (h *host) RuntimeOptionsPrompts(context.Context, *pulumirpc.RuntimeOptionsRequest) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Template changes nothing: a Node.js template is complete as it is.
func (h *host) Template(context.Context, *pulumirpc.TemplateRequest) (*pulumirpc.TemplateResponse, error) {
	return &pulumirpc.TemplateResponse{}, nil
}

// Cancel ends everything that this host runs. The calls that wait for it return an error; new ones may follow.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.children.endAll()
	return &emptypb.Empty{}, nil
}

func unsupported(what string) error {
	return status.Errorf(codes.Unimplemented,
		"%s is not supported by the stand-in language host; use an official Pulumi release for it", what)
}

func (h *host) GenerateProgram(context.Context, *pulumirpc.GenerateProgramRequest) (*pulumirpc.GenerateProgramResponse, error) {
	return nil, unsupported("generating a program")
}

func (h *host) GenerateProject(context.Context, *pulumirpc.GenerateProjectRequest) (*pulumirpc.GenerateProjectResponse, error) {
	return nil, unsupported("generating a project")
}

func (h *host) GeneratePackage(context.Context, *pulumirpc.GeneratePackageRequest) (*pulumirpc.GeneratePackageResponse, error) {
	return nil, unsupported("generating an SDK")
}

func (h *host) Pack(context.Context, *pulumirpc.PackRequest) (*pulumirpc.PackResponse, error) {
	return nil, unsupported("packing an SDK")
}

func (h *host) Link(context.Context, *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	return nil, unsupported("linking a local package")
}

// directory is the folder of the program or plugin that a request is about.
func directory(info *pulumirpc.ProgramInfo, fallback string) string {
	if dir := info.GetProgramDirectory(); dir != "" {
		return dir
	}
	return fallback
}

// requiredPackages are none for a program without a package.json, which may run all the same.
func requiredPackages(dir string) ([]*pulumirpc.PackageDependency, error) {
	if findUp(dir, "package.json") == "" {
		return nil, nil
	}
	packages, err := programPackages(dir, true)
	if err != nil {
		return nil, err
	}
	var required []*pulumirpc.PackageDependency
	for _, p := range packages {
		if p.Pulumi == nil || !p.Pulumi.Resource || p.folder == "" {
			continue
		}
		required = append(required, packageDependency(p))
	}
	return required, nil
}

// packageDependency names the plugin of a package: by its `pulumi` object or else by the package's own name and version.
func packageDependency(p installed) *pulumirpc.PackageDependency {
	dependency := &pulumirpc.PackageDependency{
		Name: p.Pulumi.Name, Kind: "resource", Version: p.Pulumi.Version, Server: p.Pulumi.Server,
	}
	if dependency.Name == "" {
		dependency.Name = strings.TrimPrefix(strings.TrimPrefix(p.Name, "@pulumi/"), "@")
	}
	if dependency.Version == "" {
		dependency.Version = p.Version
	}
	if parameters := p.Pulumi.Parameterization; parameters != nil {
		dependency.Parameterization = &pulumirpc.PackageParameterization{
			Name: parameters.Name, Version: parameters.Version, Value: parameters.Value,
		}
	}
	return dependency
}
