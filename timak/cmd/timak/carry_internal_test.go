package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timak/riaktest"
	"github.com/timak-go/timak/timak/transfer"
)

// From store to store, and by way of a file, everything is carried.
func TestCopy_throughAllStores(t *testing.T) {
	t.Parallel()
	first := bolt(t, func(store driver.Store) { fill(t, store) })
	want := stored(t, first)
	if n := strings.Count(want, "\n"); n < 12 {
		t.Fatalf("the fixture has %d lines:\n%s", n, want)
	}
	folder := t.TempDir()
	dump := filepath.Join(folder, "all.dump")
	second := "postgres[table=feeds]:" + pgtest.DSN(t)
	third := "redis[prefix=a:]:" + redistest.NewServer(t).Address()
	fourth := "redis:" + redistest.NewCluster(t).Servers[0].Address()
	fifth := "bolt:" + filepath.Join(folder, "fifth.db")
	call(t, "copy", "-from", first, "-to", second).want(t, codeError, "pgstore.Migrate", "pass -migrate")
	call(t, "copy", "-from", first, "-to", second, "-migrate").wantOut(t, "4 timelines copied: 4 of them changed something")
	call(t, "copy", "-from", second, "-to", third, "-json", "-parallel", "1").wantOut(t, `{"timelines":4,"changed":4,"failed":0,"after":"bounded"}`)
	call(t, "TIMAK_FROM="+third, "TIMAK_TO="+fourth, "copy").wantOut(t, "4 timelines copied: 4 of them changed something")
	call(t, "dump", "-store", fourth, dump).wantOut(t, "4 timelines dumped: 4 of them changed something")
	call(t, "check", dump).wantOut(t, "the dump is whole, with 4 timelines")
	call(t, "check", "-json", dump).wantOut(t, `{"timelines":4,"failed":0}`)
	call(t, "restore", dump, "-store", fifth).wantOut(t, "4 timelines restored: 4 of them changed something")
	call(t, "restore", dump, "-store", fifth).wantOut(t, "4 timelines restored: 0 of them changed something")
	for name, store := range map[string]string{"postgres": second, "redis": third, "cluster": fourth, "bolt": fifth} {
		if got := stored(t, store); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	riak := "riak:" + strings.Join(riaktest.Start(t, nil).Addresses(), ",")
	call(t, "copy", "-from", fifth, "-to", riak).wantOut(t, "4 timelines copied: 4 of them changed something")
	for _, key := range []string{"author:7", "bounded"} {
		if got, want := call(t, "get", "-store", riak, key), call(t, "get", "-store", first, key); got != want {
			t.Errorf("%s: got %+v, want %+v", key, got, want)
		}
	}
	call(t, "copy", "-from", fifth, "-to", first, "-migrate").want(t, codeUsage, "-migrate is for a target in Postgres")
}

// A dump replaces no file, unless it is told to, and leaves none that is not whole.
func TestDump_files(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	folder := t.TempDir()
	path := filepath.Join(folder, "all.dump")
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("precious")
	call(t, "dump", "-store", store, path).want(t, codeError, "exists", "-force")
	if content, err := os.ReadFile(path); string(content) != "precious" || err != nil {
		t.Errorf("dump has changed the file: %q, %v", content, err)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(stopped{syscall.SIGTERM})
	callWith(ended, false, "dump", "-force", "-store", store, path).want(t, 143, "stopped by signal")
	if content, err := os.ReadFile(path); string(content) != "precious" || err != nil {
		t.Errorf("a dump that was stopped has changed the file: %q, %v", content, err)
	}
	call(t, "dump", "-force", "-store", store, path).want(t, codeDone)
	call(t, "check", path).want(t, codeDone)
	if files, err := os.ReadDir(folder); len(files) != 1 || err != nil {
		t.Errorf("got files %v, %v, want the dump alone", files, err)
	}
	call(t, "dump", "-store", store, filepath.Join(folder, "no folder", "dump")).want(t, codeError, "no such file")

	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	target := "bolt:" + filepath.Join(folder, "to.db")
	for name, content := range map[string]string{
		"cut": string(whole[:len(whole)-1]), "half": string(whole[:len(whole)/2]), "empty": "", "a text": "no dump, but as long as the head of one",
	} {
		write(content)
		call(t, "check", path).want(t, codeError, "no whole dump")
		call(t, "restore", "-store", target, path).want(t, codeError, "no whole dump")
		if _, err := os.Lstat(filepath.Join(folder, "to.db")); err == nil {
			t.Errorf("%s: was restored in part", name)
		}
	}
	call(t, "restore", "-store", target, path+"2").want(t, codeError, "no such file")
	call(t, "restore", "-store", target, "-parallel", "2000", path).want(t, codeUsage, "-parallel")
}

// A key that is no timeline is left out by name, whatever the store; the others go.
func TestCopy_leavesOut(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	client := redis.NewClient(&redis.Options{Addr: server.Address()})
	defer func() { _ = client.Close() }()
	store := "redis:" + server.Address()
	call(t, "copy", "-from", bolt(t, func(store driver.Store) { fill(t, store) }), "-to", store).want(t, codeDone)
	for key, value := range map[string]string{"hash": "v", "other hash": "v"} {
		if err := client.HSet(t.Context(), "timak:timeline:"+key, "field", value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Set(t.Context(), "timak:timeline:text\x1b", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	call(t, "get", "-store", store, "hash").want(t, codeError, "no timeline")
	target := "bolt:" + filepath.Join(t.TempDir(), "to.db")
	got := call(t, "copy", "-from", store, "-to", target).want(t, codePart,
		"4 timelines copied", "hash was not copied", "other hash was not copied", `"text\x1b" was not copied`, "3 timelines left out")
	if strings.Contains(got.err, "\x1b") {
		t.Errorf("bytes of users were printed: %q", got.err)
	}
	dump := filepath.Join(t.TempDir(), "dump")
	call(t, "dump", "-json", "-store", store, dump).want(t, codePart, `"timelines":4,"changed":4,"failed":3`)
	call(t, "check", dump).want(t, codeDone, "4 timelines")
}

// When everything fails, the copy ends.
func TestCopy_allFail(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		for n := range 300 {
			if _, err := store.Put(t.Context(), fmt.Sprintf("%03d", n), []byte("no timeline"), nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	got := call(t, "copy", "-from", store, "-to", "bolt:"+filepath.Join(t.TempDir(), "to.db")).want(t, codeError, "damaged", "more than 100 timelines in a row were not copied")
	if strings.Contains(got.err, "-after") {
		t.Errorf("nothing was copied, and it would go on behind that: %s", got.err)
	}
	if n := strings.Count(got.err, "was not copied"); n != maxInARow {
		t.Errorf("%d failures were named, want %d", n, maxInARow)
	}
}

// A copy that is stopped says where to go on; there it goes on.
func TestCopy_stopped(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		for n := range 200 {
			apply(t, store, fmt.Sprintf("it's %03d", n), put("a", n))
		}
	})
	target := "bolt:" + filepath.Join(t.TempDir(), "to.db")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	sh, failed := shell{getenv: func(string) string { return "" }, out: &locked{}, err: &locked{}}, error(nil)
	from, to := &place{text: store}, &place{text: target}
	f := &transferFlags{parallel: 2, resumes: true}
	failed = withStore(ctx, sh, from, false, func(from driver.Store) error {
		return withStore(ctx, sh, to, true, func(to driver.Store) error {
			return f.carry(sh, "copied", nil, func(opts *transfer.Options) (transfer.Report, error) {
				update := opts.Progress
				opts.Progress = func(r transfer.Report) {
					if update(r); r.Timelines == 50 {
						cancel(stopped{os.Interrupt})
					}
				}
				return transfer.Copy(ctx, from, to, opts)
			})
		})
	})
	if failed == nil || codeOf(failed) != 130 {
		t.Fatalf("got %v, want code 130", failed)
	}
	_, after, found := strings.Cut(failed.Error(), "to go on, run it again with -after ")
	if !found || !strings.HasPrefix(after, `'it'\''s 0`) {
		t.Fatalf("got %v, want where to go on", failed)
	}
	key := strings.Trim(strings.ReplaceAll(after, `'\''`, "\x00"), "'")
	key = strings.ReplaceAll(key, "\x00", "'")
	rest := call(t, "copy", "-from", store, "-to", target, "-after", key).want(t, codeDone)
	if strings.HasPrefix(rest.out, "200") || stored(t, store) != stored(t, target) {
		t.Errorf("the rest is not what was missing: %s", rest.out)
	}
	call(t, "copy", "-from", store, "-to", target).wantOut(t, "200 timelines copied: 0 of them changed something")
}

// On a terminal there is a bar, which a line that is printed replaces.
func TestProgress_terminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var err locked
		total := make(chan int, 1)
		p := newProgress(shell{err: &err, terminal: true}, total)
		time.Sleep(barInterval + 1)
		total <- 4000
		p.update(transfer.Report{Timelines: 999, Failed: 1, After: "k"})
		time.Sleep(barInterval)
		p.say("%s", "a line")
		p.say("%s", "another")
		time.Sleep(barInterval)
		p.end()
		bar := "[=======                       ] 1000 of 4000, "
		want := "\r\x1b[K0 timelines, 0/s" + "\r\x1b[K" + bar + "5000/s, 1s left" + "\r\x1b[Ktimak: a line\ntimak: another\n" +
			"\r\x1b[K" + bar + "2500/s, 1s left" + "\r\x1b[K"
		if got := err.String(); got != want {
			t.Errorf("got\n%q\nwant\n%q", got, want)
		}
	})
}

// A command knows of the bar and of the total.
func TestProgress_total(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	err := withStore(t.Context(), shell{}, &place{text: store}, false, func(store driver.Store) error {
		if n := <-totalOf(t.Context(), shell{terminal: true}, store, ""); n != 4 {
			t.Errorf("got %d keys, want 4", n)
		}
		if n := <-totalOf(t.Context(), shell{terminal: true}, store, "author:7"); n != 1 {
			t.Errorf("got %d keys after author:7, want 1", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	got := callWith(t.Context(), true, "copy", "-from", store, "-to", "bolt:"+filepath.Join(t.TempDir(), "to.db"))
	got.wantOut(t, "4 timelines copied: 4 of them changed something")
}

func TestBar(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		total, done int
		want        string
	}{
		{0, 0, "0 timelines, 0/s"},
		{0, 1, "1 timeline, 0/s"},
		{2, 0, "[                              ] 0 of 2, 0/s"},
		{2, 1, "[===============               ] 1 of 2, 0/s, 2s left"},
		{2, 2, "[==============================] 2 of 2, 1/s, 0s left"},
		{2, 3, "3 timelines, 2/s"},
		{100_000_000, 99_999_999, "[============================= ] 99999999 of 100000000, 50000000/s, 0s left"},
	} {
		b := bar{total: tt.total}
		b.at(at(0), 0)
		if got := b.at(at(2), tt.done); got != tt.want || len(got) >= 80 {
			t.Errorf("%d of %d: got %q, want %q", tt.done, tt.total, got, tt.want)
		}
	}
}

// Without a terminal there is a line now and then, from which a copy can go on that was
// killed.
func TestProgress_lines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var err locked
		p := newProgress(shell{err: &err}, nil)
		time.Sleep(lineInterval + 1) // nothing is done yet
		for n := range 2 {
			p.update(transfer.Report{Timelines: n + 1, After: fmt.Sprint("key ", n)})
			time.Sleep(lineInterval)
		}
		p.end()
		want := "timak: 1 timeline done, up to 'key 0'\ntimak: 2 timelines done, up to 'key 1'\n"
		if got := err.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}
