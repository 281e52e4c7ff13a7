package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// machine is where the figures were measured, and with what.
type machine struct {
	Date, CPU string
}

// Cores returns the number of processors.
func (machine) Cores() int { return runtime.NumCPU() }

// Go returns the version of Go.
func (machine) Go() string { return runtime.Version() }

// System returns the system's name, version and processor, as far as it reports
// them.
func (machine) System() string {
	release, _, _ := strings.Cut(output("uname", "-r"), "-")
	return output("uname", "-s") + " " + release + " " + output("uname", "-m")
}

// Memory returns the size of the memory, as far as the system reports it.
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

// Module returns the version of a module that the program is built with.
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
