package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
)

// The files in the folder.
const (
	TablesFile    = "blog.sqlite"
	TimelinesFile = "timelines.bolt"
)

// openFolder creates the data folder if needed and opens the timelines in it. Their file
// also locks the folder against other blogs: two blogs with different stores would each
// apply a part of the changes in SQLite to its own store.
func openFolder(folder string) (driver.Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	store, err := boltstore.Open(filepath.Join(folder, TimelinesFile), nil)
	switch {
	case errors.Is(err, boltstore.ErrInUse):
		return nil, fmt.Errorf("another blog is using the data folder %s: stop it, or choose another folder with -data; "+
			"to run several blogs as one, keep their tables in Postgres (-postgres)", folder)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("the data folder %s is not writable: %w", folder, err)
	case err != nil:
		return nil, fmt.Errorf("open the timelines: %w", err)
	}
	return store, nil
}

// CheckFolder returns an error if the folder has no file of tables, though they should be
// there.
func (c Config) CheckFolder() error {
	if c.OnPostgres() {
		return nil
	}
	_, err := os.Stat(filepath.Join(c.Folder, TablesFile))
	return err
}
