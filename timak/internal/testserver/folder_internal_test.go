//go:build unix

package testserver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestChooseBase(t *testing.T) {
	t.Parallel()
	long := filepath.Join(t.TempDir(), strings.Repeat("a", 80))
	private := filepath.Join(t.TempDir(), "private")
	comma := filepath.Join(t.TempDir(), "a,b")
	for _, path := range []string{long, private, comma} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	stranger := Account{uid: 65534, other: true}
	if got, err := chooseBase([]string{long, private, "/tmp"}, 80, stranger); got != "/tmp" || err != nil {
		t.Errorf("got %s, %v, want /tmp", got, err)
	}
	if got, err := chooseBase([]string{"/absent", "relative", long, comma}, 80, Account{}); err == nil {
		t.Errorf("among unfit folders: got %s, want an error", got)
	}
}

func TestRemoveAbandoned(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	folder := func(name string, age time.Duration) {
		t.Helper()
		path := filepath.Join(base, name, "data")
		at := time.Now().Add(-age)
		if err := errors.Join(os.MkdirAll(path, 0o700), os.Chtimes(filepath.Dir(path), at, at)); err != nil {
			t.Fatal(err)
		}
	}
	folder("timak-test-dead", time.Hour)
	folder("timak-test-live", time.Hour)
	folder("timak-test-young", time.Second)
	folder("other", time.Hour)
	held, err := lock(filepath.Join(base, "timak-test-live"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()

	removeAbandoned(base, "timak-test-", time.Now())
	left, err := filepath.Glob(filepath.Join(base, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if got, want := strings.Join(left, " "), "other timak-test-live timak-test-young"; got != want {
		t.Errorf("left: got %s, want %s", got, want)
	}
}
