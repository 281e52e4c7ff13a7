//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The program, stopped by SIGTERM in the middle of work, exits with 0 and loses
// nothing it has acknowledged. While it runs, its data folder is locked.
func TestProcess(t *testing.T) {
	t.Parallel()
	program, folder := build(t), t.TempDir()
	process, blog := launch(t, program, "-data", folder)
	brett := blog.signUp(t, "brett")

	begun := time.Now()
	second, err := exec.Command(program, "-addr", "127.0.0.1:0", "-data", folder).CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(second), "another blog is using") {
		t.Errorf("a second blog on the folder: got %v, %s", err, second)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("a second blog on the folder took %v to say so", took)
	}

	acknowledged := writeUntilGone(brett, 4, func() { terminate(t, process) })
	if err := process.Wait(); err != nil {
		t.Fatalf("after SIGTERM: %v: %s", err, blog.stderr)
	}
	if len(acknowledged) == 0 {
		t.Fatal("no post was acknowledged")
	}
	again := caller{t: t, url: start(t, "-data", folder).url}
	again.showsAll("/api/timeline", acknowledged)
}

// A second signal ends the program at once.
func TestProcess_secondSignal(t *testing.T) {
	t.Parallel()
	process, blog := launch(t, build(t), "-data", t.TempDir())
	blog.signUp(t, "brett").beginPost(10) // and never finishes it
	terminate(t, process)
	blog.letsNobodyIn(t) // from here on a second signal counts
	terminate(t, process)
	err := process.Wait()
	status, ok := process.ProcessState.Sys().(syscall.WaitStatus)
	if err == nil || !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("got %v, want an end by SIGTERM", process.ProcessState)
	}
}

// build returns the path of the program, which is built once for all tests.
func build(t *testing.T) string {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

var built = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programs, "blog")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return program, nil
})

// launch starts the program as a separate process, and waits until it listens.
func launch(t *testing.T, program string, args ...string) (*exec.Cmd, *running) {
	t.Helper()
	blog := begin(t, program, args...)
	blog.url = address(t, blog.stdout, blog.stderr)
	return blog.process, blog.running
}

func begin(t *testing.T, program string, args ...string) launched {
	t.Helper()
	process := exec.Command(program, append([]string{"-addr", "127.0.0.1:0", "-writes", "0"}, args...)...)
	blog := launched{&running{stdout: &output{}, stderr: &output{}}, process}
	process.Stdout, process.Stderr = blog.stdout, blog.stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill() })
	return blog
}

func terminate(t *testing.T, process *exec.Cmd) {
	t.Helper()
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// writeUntilGone has writers publish posts until the blog has stopped, and calls
// stop when there are a few. It returns the item ids that the blog acknowledged.
func writeUntilGone(author caller, writers int, stop func()) map[string]bool {
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	var g sync.WaitGroup
	for range writers {
		g.Go(func() {
			for {
				id, ok := tryWrite(author)
				if !ok {
					return
				}
				mu.Lock()
				acknowledged["posts:"+id] = true
				if len(acknowledged) == 20 {
					stop()
				}
				mu.Unlock()
			}
		})
	}
	g.Wait()
	return acknowledged
}

// tryWrite publishes a post and returns its id, unless the blog has stopped.
func tryWrite(author caller) (id string, ok bool) {
	request, err := http.NewRequest("POST", author.url+"/api/posts", strings.NewReader(`{"title":"t"}`))
	if err != nil {
		return "", false
	}
	request.Header.Set("Authorization", "Bearer "+author.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", false
	}
	defer func() { _ = response.Body.Close() }()
	var post made
	err = json.NewDecoder(response.Body).Decode(&post)
	return fmt.Sprint(post.ID), err == nil && response.StatusCode == http.StatusCreated
}
