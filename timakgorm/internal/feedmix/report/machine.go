package report

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
)

// machine describes where it was measured, as far as the system tells.
func machine() string {
	text := fmt.Sprintf("%d processors", runtime.NumCPU())
	if name := found("/proc/cpuinfo", `(?m)^model name\s*: (.*)$`); name != "" {
		text += " (" + name + ")"
	}
	if kilobytes, err := strconv.Atoi(found("/proc/meminfo", `MemTotal: *(\d+) kB`)); err == nil {
		text += fmt.Sprintf(", %d GiB of memory", (kilobytes+1<<19)>>20)
	}
	return fmt.Sprintf("%s, %s/%s, %s", text, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// found returns what a pattern finds in a file, empty if nothing.
func found(path, pattern string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if match := regexp.MustCompile(pattern).FindSubmatch(text); match != nil {
		return string(match[1])
	}
	return ""
}
