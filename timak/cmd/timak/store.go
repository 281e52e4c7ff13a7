package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/riakstore"
)

// A place is the text that names a store. It may hold a password: no message shows it.
type place struct {
	flag, env string
	text      string
	given     bool // the flag, if only with an empty text
}

// placeFlag defines a flag that names a store.
func placeFlag(flags *flag.FlagSet, name, env, about string) *place {
	p := &place{flag: name, env: env}
	flags.Func(name, about+"; `STORE` defaults to $"+env, func(text string) error {
		p.text, p.given = text, true
		return nil
	})
	return p
}

// storeFlag defines the flag of commands that need one store.
func storeFlag(flags *flag.FlagSet) *place {
	return placeFlag(flags, "store", "TIMAK_STORE", "the store")
}

// address is a text that names a store, in its parts.
type address struct {
	kind    string
	options map[string]string
	rest    string
}

// address reads the text of a flag, or of its environment variable.
func (p *place) address(sh shell) (address, error) {
	text := p.text
	switch {
	case p.given && text == "":
		return address{}, usageError(fmt.Sprintf("-%s is empty: expected a store, or no -%s where %s names it", p.flag, p.flag, p.env))
	case text == "":
		text = sh.getenv(p.env)
	}
	if text == "" {
		return address{}, usageError(fmt.Sprintf("expected -%s, or the environment variable %s: see timak -h", p.flag, p.env))
	}
	a, err := addressOf(text)
	if err != nil {
		return address{}, usageError(fmt.Sprintf("-%s: %v: see timak -h", p.flag, err))
	}
	return a, nil
}

var kinds = map[string][]string{ // with their options
	"bolt":     nil,
	"postgres": {"schema", "table"},
	"redis":    {"prefix"},
	"riak":     {"type", "bucket"},
}

func addressOf(text string) (a address, err error) {
	switch scheme, _, _ := strings.Cut(text, "://"); scheme {
	case "postgres", "postgresql":
		return address{kind: "postgres", rest: text}, nil
	case "redis", "rediss":
		return address{kind: "redis", rest: text}, nil
	}
	options := ""
	a.kind, a.rest, _ = strings.Cut(text, ":")
	if kind, after, found := strings.Cut(text, "["); found && len(kind) < len(a.kind) {
		a.kind = kind
		if options, a.rest, found = strings.Cut(after, "]:"); !found {
			return a, errors.New(`options of a store end with "]:"`)
		}
	}
	names, known := kinds[a.kind]
	if !known {
		return a, errors.New("expected bolt:…, postgres:…, redis:… or riak:…") // the text is not quoted: it may hold a password
	}
	if a.rest == "" {
		return a, fmt.Errorf("expected %s: with a store behind it", a.kind)
	}
	switch {
	case a.kind == "bolt" && strings.Contains(a.rest, "://"):
		return a, errors.New("expected bolt: with a file behind it, not with a URL")
	case a.kind == "riak" && strings.ContainsAny(a.rest, "@/"):
		return a, errors.New("expected riak: with the host:port of nodes behind it")
	}
	a.options, err = optionsOf(options, names)
	if err != nil {
		err = fmt.Errorf("%s: %w", a.kind, err)
	}
	return a, err
}

// likeStore reports whether an argument could name a store, and hold its password, in a
// place where something else is expected.
func likeStore(arg string) bool {
	for _, beginning := range []string{"postgres:", "postgres[", "redis:", "redis["} {
		if strings.HasPrefix(arg, beginning) {
			return true
		}
	}
	return strings.Contains(arg, "://") || strings.Contains(strings.ReplaceAll(arg, " ", ""), "password=")
}

func optionsOf(text string, names []string) (map[string]string, error) {
	all := map[string]string{}
	if text == "" {
		return all, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known || value == "" {
			return nil, fmt.Errorf("expected options like name=value with the names %q", names)
		}
		all[name] = value
	}
	return all, nil
}

// open opens the store of a flag; for reading only, if possible, unless it is written to.
func (p *place) open(ctx context.Context, sh shell, writing bool) (driver.Store, error) {
	a, err := p.address(sh)
	if err != nil {
		return nil, err
	}
	return a.open(ctx, writing)
}

func (a address) open(ctx context.Context, writing bool) (driver.Store, error) {
	switch a.kind {
	case "bolt":
		return openBolt(a.rest, writing)
	case "postgres":
		return openPostgres(ctx, a, writing)
	case "redis":
		return opened(redisstore.Open(ctx, a.url(), &redisstore.Options{Prefix: a.options["prefix"]}))
	default:
		return opened(riakstore.OpenContext(ctx, strings.Split(a.rest, ","),
			&riakstore.Options{BucketType: a.options["type"], Bucket: a.options["bucket"], Logger: slog.New(slog.DiscardHandler)}))
	}
}

// opened keeps a nil store of a type from becoming a store.
func opened[S driver.Store](store S, err error) (driver.Store, error) {
	if err != nil {
		return nil, err
	}
	return store, nil
}

func openBolt(path string, writing bool) (driver.Store, error) {
	store, err := opened(boltstore.Open(path, &boltstore.Options{ReadOnly: !writing}))
	switch {
	case errors.Is(err, boltstore.ErrInUse):
		return nil, fmt.Errorf("%w; or let that program do this itself, with the Go package timak/transfer", err)
	case errors.Is(err, fs.ErrNotExist) && !writing:
		return nil, fmt.Errorf("%w: expected the file of a boltstore", err)
	}
	return store, err
}

func openPostgres(ctx context.Context, a address, writing bool) (driver.Store, error) {
	store, err := opened(pgstore.Open(ctx, a.dsn(), a.postgres()))
	if errors.Is(err, pgstore.ErrMisconfigured) && writing {
		return nil, fmt.Errorf("%w; if the table is missing, pass -migrate to make it", err)
	}
	return store, err
}

func (a address) dsn() string { return a.rest }

func (a address) postgres() *pgstore.Options {
	return &pgstore.Options{Schema: a.options["schema"], Table: a.options["table"]}
}

func (a address) url() string {
	if strings.Contains(a.rest, "://") {
		return a.rest
	}
	return "redis://" + a.rest
}
