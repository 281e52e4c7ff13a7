package main

import (
	"errors"
	"os"
	"path/filepath"
)

// writeFile writes a file under a temporary name and renames it once it is on disk. After
// an error other than errPart there is no file.
func writeFile(path string, write func(file *os.File) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part*")
	if err != nil {
		return err
	}
	part := write(file)
	if part != nil && !errors.Is(part, errPart) {
		return errors.Join(part, file.Close(), os.Remove(file.Name()))
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return errors.Join(part, syncFolder(filepath.Dir(path)))
}

// syncFolder brings the names in a folder to disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
