// Command benchdoc makes docs/benchmarks.md from the output of go test -bench,
// which may come from any number of packages and runs.
package main

import (
	"flag"
	"io"
	"log"
	"os"
)

func main() {
	date := flag.String("date", "", "the day of the measurement")
	flag.Parse()
	log.SetFlags(0)
	log.SetPrefix("benchdoc: ")
	if err := run(os.Stdin, os.Stdout, *date); err != nil {
		log.Fatal(err)
	}
}

func run(in io.Reader, out io.Writer, date string) error {
	all, err := parse(in)
	if err != nil {
		return err
	}
	return write(out, all, machine{Date: date, CPU: all.cpu})
}
