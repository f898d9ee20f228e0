// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package main

import "syscall"

// ownGroup puts a child into a group of its own. NB. There is no parent-death signal here: a host that is itself killed
// leaves its children, one that the engine ends or outlives doesn't.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// sameGroup leaves a child in our group.
func sameGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{}
}
