package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Step is a pair of files.
type Step struct {
	Version  int64  // the number that its name begins with
	Up, Down string // SQL, of any number of statements
}

// Steps returns the steps of a folder of FS, in order.
func Steps(folder string) ([]Step, error) {
	names, err := fs.Glob(FS, folder+"/*.up.sql")
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, folder+"/"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: expected a name like 0001_name.up.sql: %w", name, err)
		}
		up, upErr := FS.ReadFile(name)
		down, downErr := FS.ReadFile(strings.TrimSuffix(name, ".up.sql") + ".down.sql")
		if err := errors.Join(upErr, downErr); err != nil {
			return nil, err
		}
		steps = append(steps, Step{Version: version, Up: string(up), Down: string(down)})
	}
	return steps, nil
}
