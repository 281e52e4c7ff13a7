package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/timak/secret"
)

// config is the configuration of a blog.
type config struct {
	addr     string
	data     string
	postgres secret.Text // a DSN, which may hold a password; empty for SQLite
	riak     []string    // empty for a file in the data folder

	// These have no flags.
	mustExist    bool          // do not create a blog in a database that has none
	postgresWait time.Duration // for a server that is starting
	riakWait     time.Duration // for a cluster that does not answer
	stopWait     time.Duration // for requests, and then for timelines, when stopping
	web          web.Options
}

func (c config) onPostgres() bool { return c.postgres.Reveal() != "" }

func (c config) onRiak() bool { return len(c.riak) > 0 }

// envNames are the environment variables that replace flags.
var envNames = map[string]string{
	"addr":     "BLOG_ADDR",
	"data":     "BLOG_DATA",
	"postgres": "BLOG_POSTGRES",
	"riak":     "BLOG_RIAK",
}

// errUsage is returned for a wrong command line, after it has been explained to the
// user.
var errUsage = errors.New("usage")

// errArgument does not repeat the argument, which may be a part of a password that
// the shell split off.
var errArgument = errors.New("unexpected argument after the flags: put a DSN that contains spaces in quotes")

// parseConfig reads flags and environment; a flag wins. It returns flag.ErrHelp
// after -h, and errUsage for a wrong command line.
func parseConfig(args []string, getenv func(string) string, stdout, stderr io.Writer) (config, error) {
	c := newConfig()
	flags := newFlags("blog")
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "listen on `host:port`; $BLOG_ADDR")
	c.flags(flags)
	return c, parse(flags, args, getenv, usage, stdout, stderr)
}

func newConfig() config {
	return config{
		postgresWait: 10 * time.Second,
		riakWait:     10 * time.Second,
		stopWait:     4 * time.Second, // twice: container runtimes kill after 10 s
	}
}

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// flags adds the flags that say where the data is kept.
func (c *config) flags(flags *flag.FlagSet) {
	flags.StringVar(&c.data, "data", "./blog-data", "keep data in this `folder`; $BLOG_DATA")
	flags.Func("postgres", "keep tables in the Postgres of this `DSN` instead of SQLite; $BLOG_POSTGRES", func(dsn string) error {
		c.postgres = secret.New(dsn)
		return nil
	})
	flags.Func("riak", "keep timelines in the Riak cluster of these nodes, `host:port,…`, instead of the folder; $BLOG_RIAK", func(list string) (err error) {
		c.riak, err = addresses(list)
		return err
	})
}

// parse reads a command line into flags, and takes missing ones from the
// environment.
func parse(flags *flag.FlagSet, args []string, getenv func(string) string, usage func(io.Writer, *flag.FlagSet), stdout, stderr io.Writer) error {
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(stdout, flags)
		return err
	}
	if err == nil && flags.NArg() > 0 {
		err = errArgument
	}
	if err == nil {
		err = fromEnv(flags, getenv)
	}
	if err != nil {
		say(stderr, "%s: %v", flags.Name(), err)
		usage(stderr, flags)
		return errUsage
	}
	return nil
}

// addresses returns the addresses in a list, or an error that names the invalid
// one.
func addresses(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	all := strings.Split(list, ",")
	for i, address := range all {
		all[i] = strings.TrimSpace(address)
		if err := checkAddress(all[i]); err != nil {
			return nil, fmt.Errorf("%w: expected host:port,host:port,…", err)
		}
	}
	return all, nil
}

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	switch {
	case address == "":
		return errors.New("an address is empty")
	case err != nil:
		return err
	case host == "":
		return fmt.Errorf("address %s: missing host in address", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("address %s: %q is not a port", address, port)
	}
	return nil
}

// fromEnv sets the flags that were not given from their environment variables.
func fromEnv(flags *flag.FlagSet, getenv func(string) string) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, variable := range envNames {
		if value := getenv(variable); value != "" && !given[name] && flags.Lookup(name) != nil {
			if err := flags.Set(name, value); err != nil {
				return fmt.Errorf("%s: %w", variable, err)
			}
		}
	}
	return nil
}

func usage(w io.Writer, flags *flag.FlagSet) {
	say(w, "Usage: blog [-addr host:port] [-data folder] [-postgres DSN] [-riak host:port,…]")
	say(w, "       blog verify -h")
	say(w, "       blog rebuild -h\n")
	flags.SetOutput(w)
	flags.PrintDefaults()
	say(w, "\nA flag wins over its environment variable.")
}

// say writes a line for the user at the terminal. An error is ignored: there is
// nobody to report it to.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
