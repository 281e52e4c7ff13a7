package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/seed"
)

// seedCommand is the subcommand that fills a blog.
const seedCommand = "seed"

// seedConfig is the configuration of seed.
type seedConfig struct {
	config

	plan seed.Plan
}

// runSeed fills a blog and returns the exit code.
func runSeed(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	c, err := parseSeed(args, getenv, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	err = withBlog(ctx, c.config, log, func(o opened) error {
		if err := o.begin(ctx); err != nil {
			return err
		}
		return c.run(ctx, o, stdout, stderr)
	})
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = errStopped
		}
		say(stderr, "blog %s: %v", seedCommand, err)
		return 1
	}
	return 0
}

func parseSeed(args []string, getenv func(string) string, stdout, stderr io.Writer) (seedConfig, error) {
	c := seedConfig{config: newConfig(), plan: seed.Plan{Password: rand.Text(), Now: time.Now().UTC().Truncate(time.Microsecond)}}
	flags := newFlags("blog " + seedCommand)
	flags.IntVar(&c.plan.Posts, "posts", 1000, "write this `number` of posts")
	flags.IntVar(&c.plan.Users, "users", 50, "make this `number` of users")
	places := c.flags(flags)
	check := func() error {
		if c.plan.Users < 1 || c.plan.Posts < 0 {
			return errors.New("expected -users of 1 or more, and -posts of 0 or more")
		}
		return places()
	}
	err := parse(flags, check, args, getenv, seedUsage, stdout, stderr)
	return c, err
}

func seedUsage(w io.Writer, flags *flag.FlagSet) {
	say(w, "Usage: %s [flags]\n\nFills a blog with users who follow each other, and a year of posts and comments. A blog on SQLite must be stopped first.\n", flags.Name())
	flags.SetOutput(w)
	flags.PrintDefaults()
	say(w, "\nA flag wins over its environment variable.")
}

// run fills the blog, and says with which password to log in.
func (c seedConfig) run(ctx context.Context, o opened, stdout, stderr io.Writer) error {
	names, err := seed.Run(ctx, o.blog, c.plan, func(posts int) { say(stderr, "blog %s: %d of %d posts", seedCommand, posts, c.plan.Posts) })
	if err != nil {
		return err
	}
	say(stdout, "%d users have written %d posts. Log in as %s with the password %s",
		len(names), c.plan.Posts, strings.Join(names[:min(3, len(names))], ", "), c.plan.Password)
	return nil
}
