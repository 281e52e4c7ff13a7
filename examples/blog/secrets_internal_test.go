package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/secret"
	"github.com/timak-go/timak/timak/secret/secrettest"
)

// TestConfigIsNotShown: a DSN may contain a password.
func TestConfigIsNotShown(t *testing.T) {
	t.Parallel()
	const dsn, url = "postgres://ann:battery-staple@db/blog", "redis://ann:battery-staple@redis"
	c := config{storage: storage.Config{Postgres: secret.New(dsn), Redis: secret.New(url)}}
	for _, value := range []any{c, &c, check{config: c}, &check{config: c}, c.storage, &c.storage} {
		secrettest.WantHidden(t, dsn, value)
		secrettest.WantHidden(t, url, value)
	}
}

// No part of a password is shown, whatever is wrong with its DSN or with the
// command line.
func TestRun_passwordIsNotTold(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"a URL with no port":          {"-postgres", "postgres://ann:battery-staple@h:port/"},
		"a slash":                     {"-postgres", "postgres://ann:battery/staple@h/db"},
		"an escape that is none":      {"-postgres", "postgres://ann:battery%zzstaple@h/db"},
		"a space":                     {"-postgres", "postgres://ann:battery staple@h/db"},
		"a bracket":                   {"-postgres", "postgres://ann:battery[staple@h/db"},
		"no scheme":                   {"-postgres", "ann:battery-staple@h/db"},
		"another scheme":              {"-postgres", "postgre://ann:battery-staple@h/db"},
		"in the query":                {"-postgres", "postgres://h/db?password=battery-staple&connect_timeout=x"},
		"words":                       {"-postgres", "host=h password=battery-staple port=x"},
		"words, with spaces about =":  {"-postgres", "host=h password = battery-staple port=x"},
		"words, with a quote in them": {"-postgres", `host=h password='battery\'staple' port=x`},
		"words, not closed":           {"-postgres", "host=h password='battery-staple port=x"},
		"words, as arguments":         {"-postgres", "host=h", "password=battery-staple"},
		"the second half":             {"-postgres", "host=h password=battery", "staple"},
		"nothing before it":           {"postgres://ann:battery-staple@h/db"},
		"Redis, with no port":         {"-redis", "redis://ann:battery-staple@h:port"},
		"Redis, with a slash":         {"-redis", "redis://ann:1/battery-staple@h"},
		"Redis, with no scheme":       {"-redis", "ann:battery-staple@h:6379"},
		"Redis, with an at sign":      {"-redis", "battery-staple@h:6379"},
		"Redis, with another scheme":  {"-redis", "http://ann:battery-staple@h:6379"},
		"Redis, and Riak":             {"-redis", "redis://ann:battery-staple@h", "-riak", "h:1"},
		"Redis, twice":                {"-redis", "redis://ann:battery-staple@h", "redis://ann:battery-staple@h"},
	} {
		var stdout, stderr bytes.Buffer
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // in case it does start
		code := run(ctx, append([]string{"-data", t.TempDir()}, args...), noEnv, &stdout, &stderr)
		stop()
		told := stdout.String() + stderr.String()
		if code == 0 || strings.Contains(told, "battery") || strings.Contains(told, "staple") {
			t.Errorf("%s: got exit code %d, %s", name, code, told)
		}
	}
}

// Nor is the password shown when the server refuses it.
func TestRun_refusedPassword(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t) + " user=nobody password=battery-staple"
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-data", t.TempDir(), "-postgres", dsn}, noEnv, &stdout, &stderr)
	told := stdout.String() + stderr.String()
	if code != 1 || !strings.Contains(told, "nobody") || strings.Contains(told, "battery") {
		t.Errorf("got exit code %d, %s; want an error that names the user", code, told)
	}
}
