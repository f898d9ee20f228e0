// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
)

// manifest is what we read of a package.json.
type manifest struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	Pulumi               *pulumiField      `json:"pulumi"`
}

// pulumiField is the `pulumi` object of a package that comes with a provider plugin.
type pulumiField struct {
	Resource         bool   `json:"resource"`
	Name             string `json:"name"`
	Version          string `json:"version"`
	Server           string `json:"server"`
	Parameterization *struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Value   []byte `json:"value"`
	} `json:"parameterization"`
}

// installed is a package as it is found, or only asked for, below a program.
type installed struct {
	manifest
	folder string // empty: asked for, not installed
}

func readManifest(file string) (manifest, error) {
	var m manifest
	text, err := os.ReadFile(file)
	if err != nil {
		return m, err
	}
	// Old packages have fields of odd types; all the other fields are read nevertheless.
	var oddType *json.UnmarshalTypeError
	if err := json.Unmarshal(text, &m); err != nil && !errors.As(err, &oddType) {
		return m, fmt.Errorf("`%s` is no JSON: %w", file, err)
	}
	return m, nil
}

// upward yields dir and every folder above it.
func upward(dir string, yield func(string) bool) {
	for yield(dir) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return
		}
		dir = parent
	}
}

// starts are the folders from which Node.js would look upward: the one given and, through links, the real one.
func starts(dir string) []string {
	folders := []string{dir}
	if real, err := filepath.EvalSymlinks(dir); err == nil && real != dir {
		folders = append(folders, real)
	}
	return folders
}

// findUp is the first existing file of that name in dir or above, or "".
func findUp(dir, name string) string {
	found := ""
	for _, start := range starts(dir) {
		upward(start, func(folder string) bool {
			file := filepath.Join(folder, name)
			if _, err := os.Stat(file); err == nil {
				found = file
			}
			return found == ""
		})
		if found != "" {
			break
		}
	}
	return found
}

// entryPoint is the file of an official entry point (`run`, `run-plugin`, …) of the @pulumi/pulumi that Node.js would
// find from dir.
func entryPoint(dir, name string) (string, error) {
	file := findUp(dir, filepath.Join("node_modules", "@pulumi", "pulumi", "cmd", name, "index.js"))
	if file == "" {
		return "", fmt.Errorf("`@pulumi/pulumi/cmd/%s` is not installed for `%s`; run `npm ci` where its package.json is", name, dir)
	}
	return file, nil
}

// programPackages are the packages that the program in dir depends on: the direct ones or all, sorted by name and
// version. One that isn't installed has the range that was asked for as its version.
func programPackages(dir string, transitive bool) ([]installed, error) {
	file := findUp(dir, "package.json")
	if file == "" {
		return nil, fmt.Errorf("no package.json in `%s` or above; a Node.js program needs one", dir)
	}
	root, err := readManifest(file)
	if err != nil {
		return nil, err
	}
	w := walker{seen: map[string]bool{}, transitive: transitive}
	if err := w.visit(filepath.Dir(file), root, true); err != nil {
		return nil, err
	}
	sort.Slice(w.found, func(i, j int) bool {
		a, b := w.found[i], w.found[j]
		return a.Name < b.Name || a.Name == b.Name && a.Version < b.Version
	})
	return slices.CompactFunc(w.found, func(a, b installed) bool { return a.Name == b.Name && a.Version == b.Version }), nil
}

type walker struct {
	seen       map[string]bool
	found      []installed
	transitive bool
}

func (w *walker) visit(folder string, m manifest, isProgram bool) error {
	ranges := map[string]string{}
	for _, group := range []map[string]string{m.Dependencies, m.OptionalDependencies} {
		for name, wanted := range group {
			ranges[name] = wanted
		}
	}
	if isProgram {
		for name, wanted := range m.DevDependencies {
			ranges[name] = wanted
		}
	}
	for name, wanted := range ranges {
		_, isOptional := m.OptionalDependencies[name]
		if err := w.add(folder, name, wanted, isOptional || !isProgram); err != nil {
			return err
		}
	}
	return nil
}

// add visits the package that Node.js would find under that name from folder. A missing one is kept only if a program
// asks for it by itself: below that, npm leaves out what doesn't fit the platform.
func (w *walker) add(folder, name, wanted string, mayBeMissing bool) error {
	file := findUp(folder, filepath.Join("node_modules", name, "package.json"))
	if file == "" {
		if !mayBeMissing {
			w.found = append(w.found, installed{manifest: manifest{Name: name, Version: wanted}})
		}
		return nil
	}
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	if w.seen[file] {
		return nil
	}
	w.seen[file] = true
	m, err := readManifest(file)
	if err != nil {
		return err
	}
	m.Name = name
	w.found = append(w.found, installed{manifest: m, folder: filepath.Dir(file)})
	if !w.transitive {
		return nil
	}
	return w.visit(filepath.Dir(file), m, false)
}

// startError says what to do when a program of the toolchain could not be started.
func startError(err error) error {
	var missing *exec.Error
	if errors.As(err, &missing) && (errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("`%s` is not on PATH; install Node.js 20.19 or later", missing.Name)
	}
	return err
}
