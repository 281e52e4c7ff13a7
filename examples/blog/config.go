package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// config is what a blog is started with.
type config struct {
	addr     string
	data     string
	postgres string // empty for SQLite

	// For these there are no flags.
	postgresWait time.Duration // for a server that is starting
	stopWait     time.Duration // for requests, and then for timelines, when stopping
	web          web.Options
}

// envNames are the environment variables that stand in for flags.
var envNames = map[string]string{
	"addr":     "BLOG_ADDR",
	"data":     "BLOG_DATA",
	"postgres": "BLOG_POSTGRES",
}

// errUsage is returned for a command line that was wrong, and has been
// explained.
var errUsage = errors.New("usage")

// parseConfig reads flags and environment; a flag wins. It returns
// flag.ErrHelp after -h, and errUsage.
func parseConfig(args []string, getenv func(string) string, stdout, stderr io.Writer) (config, error) {
	c := config{
		postgresWait: 10 * time.Second,
		stopWait:     4 * time.Second, // twice: container runtimes kill after 10 s
	}
	flags := flag.NewFlagSet("blog", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "listen on `host:port`; $BLOG_ADDR")
	flags.StringVar(&c.data, "data", "./blog-data", "keep data in this `folder`; $BLOG_DATA")
	flags.StringVar(&c.postgres, "postgres", "", "keep tables in the Postgres of this `DSN` instead of SQLite; $BLOG_POSTGRES")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(stdout, flags)
		return c, err
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument: %q", flags.Arg(0))
	}
	if err == nil {
		err = fromEnv(flags, getenv)
	}
	if err != nil {
		say(stderr, "blog: %v", err)
		usage(stderr, flags)
		return c, errUsage
	}
	return c, nil
}

// fromEnv sets the flags that were not given from their variables.
func fromEnv(flags *flag.FlagSet, getenv func(string) string) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, variable := range envNames {
		if value := getenv(variable); value != "" && !given[name] {
			if err := flags.Set(name, value); err != nil {
				return fmt.Errorf("%s: %w", variable, err)
			}
		}
	}
	return nil
}

func usage(w io.Writer, flags *flag.FlagSet) {
	say(w, "Usage: blog [-addr host:port] [-data folder] [-postgres DSN]\n")
	flags.SetOutput(w)
	flags.PrintDefaults()
	say(w, "\nA flag wins over its environment variable.")
}

// say writes a line for the person at the terminal. Where there is none, there
// is nobody to tell that it failed.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
