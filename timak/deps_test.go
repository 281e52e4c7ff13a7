package timak_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/timak-go/timak"

// deps returns each package that the packages of a pattern are built from.
func deps(t *testing.T, pattern string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test=false", pattern).Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pattern, err)
	}
	return strings.Fields(string(out))
}

// The arrows between packages point one way. A package that is listed here was
// imported against them, perhaps by way of another: go list -deps shows how.
func TestForbiddenImports(t *testing.T) {
	t.Parallel()
	engine := module + "/timak"
	for _, tt := range []struct {
		pattern   string
		forbidden []string
		why       string
	}{
		{engine + "/...", []string{"gorm.io"}, "the engine does not know GORM; put it in timakgorm"},
		{engine + "/...", []string{"github.com/labstack"}, "the engine does not know Echo; put it in examples/blog"},
		{engine + "/...", []string{module + "/timakgorm", module + "/examples"}, "the arrow points the other way"},
		{
			engine,
			[]string{engine + "/memstore", engine + "/boltstore", engine + "/riakstore", engine + "/drivertest"},
			"the engine meets storage only as driver.Store",
		},
		{engine, []string{"go.etcd.io", "github.com/basho"}, "a backend's client belongs in its store"},
		{engine, []string{"testing"}, "test code does not go into programs"},
		{engine + "/driver", []string{module + "/timak/internal"}, "the contract stands alone"},
	} {
		for _, pkg := range deps(t, tt.pattern) {
			if slices.ContainsFunc(tt.forbidden, func(path string) bool { return pkg == path || strings.HasPrefix(pkg, path+"/") }) {
				t.Errorf("%s imports %s: %s", tt.pattern, pkg, tt.why)
			}
		}
	}
}
