package readme_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// module is a new module of a reader's, in a folder of its own. It knows nothing but what
// the commands of a page tell it.
type module struct{ folder string }

// newModule makes a module as the guide does. The checkout stands in for what is published.
func newModule(t *testing.T) module {
	t.Helper()
	m := module{t.TempDir()}
	m.run(t, "mod", "init", "example.com/feed")
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	m.run(t, "mod", "edit", "-require", "github.com/timak-go/timak@v0.0.0", "-replace", "github.com/timak-go/timak="+checkout)
	return m
}

// run runs a command of go's in the module, without a network.
func (m module) run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = m.folder
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "GOPROXY=off", "GOSUMDB=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// save saves the program.
func (m module) save(t *testing.T, code string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.folder, "main.go"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tidy does what go mod tidy does, but for modules that only tests of other modules import:
// a reader's go mod tidy fetches them, and no build needs them.
func (m module) tidy(t *testing.T) {
	t.Helper()
	m.run(t, "mod", "tidy", "-e")
}

// build builds the program.
func (m module) build(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(m.folder, "program")
	m.run(t, "vet", ".")
	m.run(t, "build", "-o", path, ".")
	return path
}

// built builds the program of a page, changed, in a new module: by the commands of the page
// up to the first go run, in their order. A page without commands of go's has a program for
// an application that is there.
func built(t *testing.T, from string, change func(code string) string) (path string) {
	t.Helper()
	m, saved, tidied, commands := newModule(t), false, false, 0
	for _, b := range blocksOf(t, from) {
		if b.language == "go" && isProgram(b.text) && !saved {
			m.save(t, change(b.text))
			saved = true
		}
		if b.language != "sh" {
			continue
		}
		for command := range strings.Lines(b.text) {
			switch strings.TrimSpace(command) {
			case "go mod tidy":
				m.tidy(t)
				tidied = true
			case "go run .":
				return m.build(t)
			}
			if regexp.MustCompile(`^go (mod|get) `).MatchString(command) {
				commands++
			}
		}
	}
	if !saved || tidied || commands > 0 {
		t.Fatalf("%s: has a program: %t, has commands: %d, but no go run", from, saved, commands)
	}
	m.tidy(t)
	return m.build(t)
}

// programOf returns the program of a page of the guide.
func programOf(t *testing.T, name string) string {
	t.Helper()
	for _, b := range page(t, name) {
		if b.language == "go" && isProgram(b.text) {
			return b.text
		}
	}
	t.Fatalf("%s has no program", name)
	return ""
}

// onPostgres changes the program of the first page as its section on Postgres says.
func onPostgres(t *testing.T, code string) string {
	t.Helper()
	var imports, opening string
	for _, b := range page(t, gettingStarted) {
		switch {
		case b.language == "go" && strings.HasPrefix(b.text, "\t\"os\"\n"):
			imports = b.text
		case b.language == "go" && strings.HasPrefix(b.text, "\tdsn := "):
			opening = b.text
		}
	}
	for _, replaced := range []struct{ old, new string }{
		{"\t\"github.com/glebarez/sqlite\"\n", imports},
		{"\t\"github.com/timak-go/timak/timak/boltstore\"\n", ""},
		{regexp.MustCompile(`(?s)\tdb, err := gorm\.Open.*?\tdefer store\.Close\(\)\n`).FindString(code), opening},
	} {
		if replaced.old == "" || strings.Count(code, replaced.old) != 1 {
			t.Fatalf("the program has not once:\n%s", replaced.old)
		}
		code = strings.Replace(code, replaced.old, replaced.new, 1)
	}
	return code
}
