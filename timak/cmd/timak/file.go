package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// fileOf returns the only argument, a FILE.
func fileOf(args []string) (string, error) {
	switch {
	case len(args) != 1:
		return "", usageError(fmt.Sprintf("expected one FILE, got %d arguments", len(args)))
	case args[0] == "":
		return "", usageError("expected a FILE, got an empty name")
	case likeStore(args[0]):
		return "", usageError("expected a FILE, got what looks like a store: stores are named by flags")
	default:
		return args[0], nil
	}
}

// withFile opens the only argument for do.
func withFile(args []string, do func(file *os.File) error) (err error) {
	path, err := fileOf(args)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return do(file)
}

// mayWrite refuses a path before anything is written that could not be put there.
func mayWrite(path string, force bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink:
		return fmt.Errorf("%q is no file: choose another name", path)
	case !force:
		return errExists(path)
	default:
		return nil
	}
}

func errExists(path string) error {
	return fmt.Errorf("%q exists: choose another name, or replace it with -force", path)
}

// writeFile writes a file under a temporary name, and gives it its own once it is on disk.
// After an error other than leftOut there is no file; but if another file was made
// meanwhile, which only force replaces, it stays under its temporary name.
func writeFile(path string, force bool, write func(file *os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part*")
	if err != nil {
		return err
	}
	written := write(file)
	if _, ok := errors.AsType[leftOut](written); written != nil && !ok {
		return errors.Join(written, file.Close(), os.Remove(file.Name()))
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	err = giveName(file.Name(), path, force, os.Link)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w; the dump is in %q", errExists(path), file.Name())
	case err != nil:
		return errors.Join(err, os.Remove(file.Name()))
	}
	return errors.Join(written, syncFolder(filepath.Dir(path)))
}

// giveName renames a file; unless by force, not onto another one. A rename replaces files,
// and a link does not. Where there are no links, a file that is made at this very moment
// is replaced.
func giveName(old, path string, force bool, link func(old, path string) error) error {
	if force {
		return os.Rename(old, path)
	}
	err := link(old, path)
	switch {
	case err == nil:
		return os.Remove(old)
	case errors.Is(err, fs.ErrExist):
		return err
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	return os.Rename(old, path)
}

// syncFolder brings the names in a folder to disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
