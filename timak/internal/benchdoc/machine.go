package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// machine is where it was measured, and with what.
type machine struct {
	Date, CPU string
}

// Cores returns how many processors there were.
func (machine) Cores() int { return runtime.NumCPU() }

// Go returns the version of Go.
func (machine) Go() string { return runtime.Version() }

// System returns the system's name, version and processor, as far as it tells.
func (machine) System() string {
	release, _, _ := strings.Cut(output("uname", "-r"), "-")
	return output("uname", "-s") + " " + release + " " + output("uname", "-m")
}

// Memory returns how much there was, as far as the system tells.
func (machine) Memory() string {
	fields := strings.Fields(output("grep", "MemTotal", "/proc/meminfo"))
	if len(fields) < 2 {
		return "unknown"
	}
	kilobytes, err := strconv.Atoi(fields[1])
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%d GiB", (kilobytes+1<<19)>>20)
}

// Module returns the version of a module that we are built with.
func (machine) Module(path string) string {
	return output("go", "list", "-m", "-f", "{{.Version}}", path)
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
