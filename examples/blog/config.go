package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/timak/secret"
)

// config is the configuration of a blog.
type config struct {
	addr    string
	metrics string // host:port of the metrics; empty: none
	format  format // of the log
	storage storage.Config

	// These have no flags.
	mustExist bool          // do not create a blog in a database that has none
	stopWait  time.Duration // for requests, and then for timelines, when stopping
	web       web.Options
}

// envNames are the environment variables that replace flags.
var envNames = map[string]string{
	"addr":     "BLOG_ADDR",
	"data":     "BLOG_DATA",
	"postgres": "BLOG_POSTGRES",
	"redis":    "BLOG_REDIS",
	"riak":     "BLOG_RIAK",
	"log":      "BLOG_LOG",
	"metrics":  "BLOG_METRICS",
	"writes":   "BLOG_WRITES",
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
	flags.IntVar(&c.web.Limits.WritesPerMinute, "writes", 30, "let a user write at most this `number` of posts, edits of these and comments a minute; 0 is without a bound; $BLOG_WRITES")
	flags.Var(&c.format, "log", "write the log as `text` or json; $BLOG_LOG")
	flags.StringVar(&c.metrics, "metrics", "", "serve /metrics for Prometheus on this `host:port`, apart from the pages; $BLOG_METRICS")
	storage := c.flags(flags)
	check := func() error { return errors.Join(c.checkWrites(), storage()) }
	err := parse(flags, check, args, getenv, usage, stdout, stderr)
	return c, err
}

func (c *config) checkWrites() error {
	if n := c.web.Limits.WritesPerMinute; n < 0 {
		return fmt.Errorf("-writes ($BLOG_WRITES) must be 0 or more, and 0 is without a bound: got %d", n)
	}
	return nil
}

func newConfig() config {
	return config{
		storage: storage.Config{
			PostgresWait: 10 * time.Second, // it may be starting
			RedisWait:    10 * time.Second,
			RiakWait:     10 * time.Second,
		},
		stopWait: 4 * time.Second, // twice: container runtimes kill after 10 s
	}
}

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// flags adds the flags that say where the data is kept. It returns a check of them all,
// for after they are read.
func (c *config) flags(flags *flag.FlagSet) (check func() error) {
	s, redis := &c.storage, ""
	flags.StringVar(&s.Folder, "data", "./blog-data", "keep what is on no server in this `folder`; $BLOG_DATA")
	flags.Func("postgres", "keep tables in the Postgres of this `DSN` instead of SQLite, and timelines too; $BLOG_POSTGRES", func(dsn string) error {
		s.Postgres = secret.New(dsn)
		return nil
	})
	flags.Func("redis", "keep timelines in the Redis at this `host:port`, or redis:// URL; $BLOG_REDIS", func(address string) error {
		redis = address // checked later: flag would show a wrong one, which may hold a password
		return nil
	})
	flags.Func("riak", "keep timelines in the Riak cluster of these nodes, `host:port,…`; $BLOG_RIAK", func(list string) (err error) {
		s.Riak, err = storage.ParseAddresses(list)
		return err
	})
	return func() (err error) {
		if redis != "" && len(s.Riak) > 0 {
			return errTwoStores
		}
		s.Redis, err = storage.ParseRedis(redis)
		return err
	}
}

// errTwoStores is returned when timelines are to be in two places.
var errTwoStores = errors.New("timelines are either in Redis or in Riak: give -redis ($BLOG_REDIS) or -riak ($BLOG_RIAK), and not both")

// parse reads a command line into flags, takes missing ones from the environment, and
// checks them.
func parse(flags *flag.FlagSet, check func() error, args []string, getenv func(string) string, usage func(io.Writer, *flag.FlagSet), stdout, stderr io.Writer) error {
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
	if err == nil {
		err = check()
	}
	if err != nil {
		say(stderr, "%s: %v", flags.Name(), err)
		usage(stderr, flags)
		return errUsage
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
	say(w, "Usage: blog [-addr host:port] [-data folder] [-postgres DSN] [-redis host:port | -riak host:port,…] [-writes number]\n            [-log text|json] [-metrics host:port]")
	say(w, "       blog verify -h")
	say(w, "       blog rebuild -h")
	say(w, "       blog seed -h\n")
	flags.SetOutput(w)
	flags.PrintDefaults()
	say(w, "\nA flag wins over its environment variable.")
}

// say writes a line for the user at the terminal. An error is ignored: there is
// nobody to report it to.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
