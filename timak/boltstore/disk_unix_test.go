//go:build unix

package boltstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
)

// fullDiskEnv tells a child process that its disk is to be full.
const fullDiskEnv = "TIMAK_BOLTSTORE_FULL_DISK"

// TestDiskThatIsFull: the system refuses to let the file grow, in a separate
// process. That is not damage: what was acknowledged is there, and the store works
// again once there is room.
func TestDiskThatIsFull(t *testing.T) {
	if os.Getenv(fullDiskEnv) != "" {
		fillDisk(t)
		return
	}
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDiskThatIsFull$", "-test.v")
	child.Env = append(os.Environ(), fullDiskEnv+"=1")
	out, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestDiskThatIsFull")) {
		t.Errorf("child: %v, output:\n%s", err, out)
	}
}

func fillDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.db")
	store := open(t, path)
	var token driver.Token
	putNext := func(n int) (err error) {
		token, err = store.Put(t.Context(), "k", bytes.Repeat(fmt.Appendf(nil, "%d ", n), 5000*(n+1)), token)
		return err
	}
	last := -1
	limitFiles(t, 300_000)
	for n := range 100 {
		obj, err := store.Get(t.Context(), "k")
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		token = obj.Token
		if err := putNext(n); err != nil {
			wantFull(t, path, err)
			break
		}
		last = n
	}
	if last < 0 || last == 99 {
		t.Fatalf("the disk was full after %d puts, want some", last+1)
	}
	if obj, err := store.Get(t.Context(), "k"); err != nil || len(obj.Siblings) != 1 || !bytes.HasPrefix(obj.Siblings[0], fmt.Appendf(nil, "%d ", last)) {
		t.Fatalf("Get on a full disk: got %d siblings, %v; want what was acknowledged last", len(obj.Siblings), err)
	}
	limitFiles(t, 1<<40)
	put(t, store, "there is room", token)
	closeStore(t, store)
	if obj, err := open(t, path).Get(t.Context(), "k"); err != nil || len(obj.Siblings) == 0 {
		t.Errorf("Get after Open: got %d siblings, %v", len(obj.Siblings), err)
	}
}

func wantFull(t *testing.T, path string, err error) {
	t.Helper()
	if !errors.Is(err, driver.ErrUnavailable) || !errors.Is(err, syscall.EFBIG) || errors.Is(err, boltstore.ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("Put on a full disk: got %v, want ErrUnavailable, the system's error and the file's name, not ErrDamaged", err)
	}
}

// limitFiles lets no file of this process grow beyond a size.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit)
	limit.Cur = min(size, limit.Max)
	if err = errors.Join(err, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)); err != nil {
		t.Fatal(err)
	}
}
