package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/timak-go/timak/timak/internal/testserver"
)

const errNoPostgres = testserver.Missing("pgtest: no Postgres: install it (apt-get install postgresql) or set " +
	EnvServer + " to the DSN of a running server")

// debianRoot is where Debian installs Postgres' programs, one folder per version.
const debianRoot = "/usr/lib/postgresql"

// findBinaries returns the folder of Postgres' programs: that of initdb on PATH,
// or else that of the highest version under root.
func findBinaries(root string) (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil && complete(filepath.Dir(initdb)) {
		return filepath.Abs(filepath.Dir(initdb))
	}
	versions, _ := os.ReadDir(root) // an absent folder has no versions
	best, highest := "", 0.0
	for _, v := range versions {
		bin := filepath.Join(root, v.Name(), "bin")
		version, err := strconv.ParseFloat(v.Name(), 64) // 9.6, 15
		if err == nil && version > highest && complete(bin) {
			best, highest = bin, version
		}
	}
	if best == "" {
		return "", errNoPostgres
	}
	return best, nil
}

// complete reports whether all required programs are there: Debian splits them
// into several packages.
func complete(bin string) bool {
	for _, program := range []string{"initdb", "postgres", "pg_ctl"} {
		if _, err := exec.LookPath(filepath.Join(bin, program)); err != nil {
			return false
		}
	}
	return true
}
