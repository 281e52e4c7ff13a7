package readme_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pathIn finds what docs say of files: a path to one with its folder, a folder that ends
// with a slash, or a pattern of names.
var pathIn = regexp.MustCompile("`([\\w./*<>-]+(?:\\.(?:go|sql|md)|/))`")

// TestPaths: each file that docs/architecture.md and CONTRIBUTING.md name is there, in
// the folder that they say: from the root, or in timakgorm/internal.
func TestPaths(t *testing.T) {
	t.Parallel()
	folders := []string{"", "timakgorm/internal"}
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

// TestPicture: each room of the picture imports only rooms on lines below its own.
func TestPicture(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := map[string]int{} // of a room
	for n, drawn := range strings.Split(string(text), "\n") {
		if names, is := strings.CutPrefix(drawn, "    "); is {
			names, _, _ = strings.Cut(names+"    ", "     ") // what it is about comes after
			for name := range strings.FieldsSeq(names) {
				line[name] = n
			}
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, root+"/timakgorm/internal/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	rooms := 0
	for imports := range strings.Lines(string(out)) {
		paths := strings.Fields(imports)
		at, drawn := line[path.Base(paths[0])]
		if !drawn {
			continue // for tests
		}
		rooms++
		for _, imported := range paths[1:] {
			if _, room, is := strings.Cut(imported, "/timakgorm/internal/"); is && line[room] <= at {
				t.Errorf("docs/architecture.md draws %s on a line that is not below that of %s, which imports it", room, paths[0])
			}
		}
	}
	if rooms < 12 {
		t.Errorf("docs/architecture.md draws %d rooms", rooms)
	}
}
