package boltstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/boltstore"
)

// residentBytes returns how much of a mapped file is in the memory of this process.
func residentBytes(t *testing.T, path string) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		if strings.HasSuffix(strings.TrimSpace(line), path) {
			found = true
		}
		if found && fields[0] == "Rss:" {
			kilobytes, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("%s is not mapped", path)
	return 0
}

// Whoever reads all of a file does not keep all of it in memory.
func TestReadOnly_memory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	store := open(t, path)
	const many, size = 1500, 50_000 // 75 MB
	for n := range many {
		if _, err := store.Put(t.Context(), fmt.Sprintf("%05d", n), make([]byte, size), nil); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, store)
	reader, err := boltstore.Open(path, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, reader)
	most, read := 0, 0
	for key, err := range reader.Keys(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		object, err := reader.Get(t.Context(), key)
		if err != nil || len(object.Siblings) != 1 || len(object.Siblings[0]) != size {
			t.Fatalf("%s: got %d siblings, %v", key, len(object.Siblings), err)
		}
		if read++; read%50 == 0 {
			most = max(most, residentBytes(t, path))
		}
	}
	if read != many || most > 40<<20 {
		t.Errorf("%d of %d records were read, with up to %d MB in memory, want at most 40", read, many, most>>20)
	}
}
