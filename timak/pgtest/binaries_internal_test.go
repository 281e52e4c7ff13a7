package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/internal/testserver"
)

func TestFindBinaries(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	root := t.TempDir()
	_, err := findBinaries(root)
	if _, missing := errors.AsType[testserver.Missing](err); !missing || !strings.HasPrefix(err.Error(), "pgtest: no Postgres") {
		t.Errorf("in an empty folder: got %v, want that Postgres is missing", err)
	}
	want := programs(t, root, "15", "initdb", "postgres", "pg_ctl")
	programs(t, root, "9.6", "initdb", "postgres", "pg_ctl")
	programs(t, root, "17", "initdb") // incomplete
	programs(t, root, "lib", "initdb", "postgres", "pg_ctl")
	if got, err := findBinaries(root); got != want || err != nil {
		t.Errorf("among versions: got %s, %v, want %s", got, err, want)
	}
	want = programs(t, t.TempDir(), "12", "initdb", "postgres", "pg_ctl")
	t.Setenv("PATH", want)
	if got, err := findBinaries(root); got != want || err != nil {
		t.Errorf("with PATH: got %s, %v, want %s", got, err, want)
	}
}

func programs(t *testing.T, root, version string, names ...string) (bin string) {
	t.Helper()
	bin = filepath.Join(root, version, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(bin, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}
