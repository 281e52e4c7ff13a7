package main

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// results are the measurements of benchmarks.
type results struct {
	cpu   string
	order []string                        // of the benchmarks, by their first run
	runs  map[string]map[string][]float64 // by benchmark and unit
}

// parse reads the output of go test -bench. A benchmark is named by the last part
// of its package's path and its own name: riakstore/Page/no_data.
func parse(in io.Reader) (results, error) {
	all := results{runs: map[string]map[string][]float64{}}
	pkg := ""
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case name == "pkg":
			pkg = path.Base(value)
		case name == "cpu":
			all.cpu = value
		case strings.HasPrefix(line, "--- FAIL"), strings.HasPrefix(line, "FAIL"), strings.HasPrefix(line, "panic:"):
			return results{}, fmt.Errorf("a benchmark has failed: %s", line)
		case strings.HasPrefix(line, "Benchmark"):
			if err := all.add(pkg, strings.Fields(line)); err != nil {
				return results{}, fmt.Errorf("%q: %w", line, err)
			}
		}
	}
	return all, lines.Err()
}

// add records one run: the name, the number of iterations, and pairs of values and
// units.
func (r *results) add(pkg string, fields []string) error {
	if len(fields) < 4 || len(fields)%2 != 0 {
		return nil // a bare name, or a benchmark's log
	}
	name := pkg + "/" + withoutProcs(strings.TrimPrefix(fields[0], "Benchmark"))
	if r.runs[name] == nil {
		r.order = append(r.order, name)
		r.runs[name] = map[string][]float64{}
	}
	for i := 2; i < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return err
		}
		r.runs[name][fields[i+1]] = append(r.runs[name][fields[i+1]], value)
	}
	return nil
}

// withoutProcs cuts off the number of processors, which go test appends to names
// unless it is 1.
func withoutProcs(name string) string {
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		if _, err := strconv.Atoi(name[i+1:]); err == nil {
			return name[:i]
		}
	}
	return name
}

// spread is the median, least and most of some runs.
type spread struct {
	least, median, most float64
	runs                int
}

func (r *results) spread(benchmark, unit string) spread {
	list := slices.Sorted(slices.Values(r.runs[benchmark][unit]))
	if len(list) == 0 {
		return spread{}
	}
	return spread{list[0], list[len(list)/2], list[len(list)-1], len(list)}
}
