package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/riakstore"
)

// openStore opens the timelines: on Riak if configured, otherwise in a file in the
// data folder. That file also locks the folder against other blogs while any of the
// blog's data is there: two blogs with different stores would each apply a part of
// the changes in SQLite to its own store.
func openStore(ctx context.Context, c config, log *slog.Logger) (driver.Store, error) {
	if c.onRiak() && c.onPostgres() {
		return openRiak(ctx, c, log)
	}
	folder, err := openFolder(c.data)
	if err != nil || !c.onRiak() {
		return folder, err
	}
	store, err := openRiak(ctx, c, log)
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return withFolder{store, folder}, nil
}

// withFolder is a store elsewhere, together with the lock on the data folder.
type withFolder struct {
	driver.Store
	folder driver.Store
}

func (s withFolder) Close() error { return errors.Join(s.Store.Close(), s.folder.Close()) }

// openFolder creates the data folder if needed and opens the timelines in it.
func openFolder(folder string) (driver.Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	store, err := boltstore.Open(filepath.Join(folder, "timelines.bolt"), nil)
	switch {
	case errors.Is(err, boltstore.ErrInUse):
		return nil, fmt.Errorf("another blog is using the data folder %s: stop it, or choose another folder with -data", folder)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("the data folder %s is not writable: %w", folder, err)
	case err != nil:
		return nil, fmt.Errorf("open the timelines: %w", err)
	}
	return store, nil
}

// openRiak opens the timelines on a cluster. A cluster that does not answer at all
// is given up after riakWait; the start-up check, which makes several requests,
// after twice that.
func openRiak(ctx context.Context, c config, log *slog.Logger) (driver.Store, error) {
	limit := 2 * c.riakWait
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v", limit))
	defer cancel()
	store, err := riakstore.OpenContext(ctx, c.riak, &riakstore.Options{RetryTime: c.riakWait, Logger: log})
	switch {
	case errors.Is(err, riakstore.ErrMisconfigured):
		return nil, fmt.Errorf("open the timelines: %w", err)
	case err != nil:
		return nil, fmt.Errorf("reach Riak at %s: %w", strings.Join(c.riak, ","), err)
	}
	return store, nil
}
