package readme_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pathIn finds what docs say of files: a path to one, a folder that ends with a slash,
// or a pattern of names.
var pathIn = regexp.MustCompile("`([\\w./*<>-]+(?:\\.(?:go|sql|md)|/))`")

// TestPaths: each file that docs/architecture.md and CONTRIBUTING.md name is there: from
// the root, in timakgorm, in one of its rooms, or in the engine.
func TestPaths(t *testing.T) {
	t.Parallel()
	folders := []string{"", "docs", "timakgorm", "timakgorm/internal", "timakgorm/internal/*", "timak"}
	for _, doc := range []string{"docs/architecture.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(root, doc))
		if err != nil {
			t.Fatal(err)
		}
		named := pathIn.FindAllStringSubmatch(string(text), -1)
		if len(named) < 2 {
			t.Errorf("%s names %d files", doc, len(named))
		}
		for _, match := range named {
			path := strings.ReplaceAll(match[1], "<name>", "*")
			if !slices.ContainsFunc(folders, func(folder string) bool {
				found, _ := filepath.Glob(filepath.Join(root, folder, path))
				return len(found) > 0
			}) {
				t.Errorf("%s names %s, which is not there", doc, match[1])
			}
		}
	}
}

// TestRooms: docs/architecture.md tells of each room.
func TestRooms(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	rooms, err := filepath.Glob(root + "/timakgorm/internal/*")
	if err != nil || len(rooms) < 10 {
		t.Fatalf("%d rooms, %v", len(rooms), err)
	}
	for _, room := range rooms {
		if name := filepath.Base(room); !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/architecture.md does not tell of the room %s", name)
		}
	}
}
