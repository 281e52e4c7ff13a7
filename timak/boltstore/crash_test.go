package boltstore_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
)

// crashEnv tells a child process which file to write until it is killed.
const crashEnv = "TIMAK_BOLTSTORE_CRASH"

// A program that is killed (-9) while it writes loses no acknowledged put, and the next
// one goes on with the file.
func TestKilledProgram(t *testing.T) {
	if path := os.Getenv(crashEnv); path != "" {
		writeUntilKilled(t, path)
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	for round := range 4 {
		acknowledged := killedAfter(t, path, 50+100*round)
		store := open(t, path)
		for key, last := range acknowledged {
			if got := storedNumber(t, store, key); got < last {
				t.Errorf("round %d: %s: got %d, but %d was acknowledged", round, key, got, last)
			}
		}
		closeStore(t, store)
	}
}

// killedAfter runs a child that writes, kills it after some acknowledged puts, and
// returns the last of each key.
func killedAfter(t *testing.T, path string, puts int) map[string]int {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProgram$")
	child.Env = append(os.Environ(), crashEnv+"="+path)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	last, seen := map[string]int{}, 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		key, number, found := strings.Cut(lines.Text(), "=")
		n, err := strconv.Atoi(number)
		if !found || err != nil {
			t.Errorf("child: %s", lines.Text())
			continue
		}
		last[key] = n
		if seen++; seen == puts {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || seen < puts {
		t.Fatalf("child: ended by itself after %d puts, %v", seen, err)
	}
	return last
}

// writeUntilKilled has several writers put numbers, on pages of their own and beside
// others, and print what was acknowledged.
func writeUntilKilled(t *testing.T, path string) {
	store, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			key := fmt.Sprintf("writer %d", w)
			for n := storedNumber(t, store, key) + 1; ; n++ {
				value := strconv.Itoa(n) + strings.Repeat(" ", 3000*w)
				if _, err := store.Put(t.Context(), key, []byte(value), tokenUnder(t, store, key)); err != nil {
					t.Errorf("Put: %v", err)
					return
				}
				fmt.Printf("%s=%d\n", key, n)
			}
		})
	}
	all.Wait()
}

func tokenUnder(t *testing.T, store driver.Store, key string) driver.Token {
	t.Helper()
	obj, err := store.Get(t.Context(), key)
	if err != nil {
		t.Errorf("Get: %v", err)
	}
	return obj.Token
}

// storedNumber returns the number under a key, 0 if there is none.
func storedNumber(t *testing.T, store driver.Store, key string) int {
	t.Helper()
	obj, err := store.Get(t.Context(), key)
	if err != nil || len(obj.Siblings) > 1 {
		t.Errorf("Get(%q): %d siblings, %v", key, len(obj.Siblings), err)
	}
	if len(obj.Siblings) == 0 {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimRight(string(obj.Siblings[0]), " "))
	if err != nil {
		t.Errorf("%q: %v", key, err)
	}
	return n
}
