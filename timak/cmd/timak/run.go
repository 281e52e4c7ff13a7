package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Exit codes; a signal adds 128 to its number.
const (
	codeDone  = 0
	codeError = 1
	codeUsage = 2
	codePart  = 3 // some timelines were left out
)

// shell is what a command has from the program that runs it.
type shell struct {
	args     []string
	getenv   func(string) string
	out, err io.Writer
	terminal bool // err is one
}

// A command is a subcommand of timak.
type command struct {
	name, args, about string
	help              string
	define            func(flags *flag.FlagSet) action
}

// An action carries out a command whose flags were read.
type action func(ctx context.Context, sh shell, args []string) error

func commands() []command {
	return []command{getCommand(), keysCommand(), copyCommand(), dumpCommand(), checkCommand(), restoreCommand()}
}

// usageError is a mistake in how the command was called.
type usageError string

func (e usageError) Error() string { return string(e) }

// run carries out a command line, and returns the exit code.
func run(ctx context.Context, sh shell) int {
	err := dispatch(ctx, sh)
	if errors.Is(err, flag.ErrHelp) {
		return codeDone
	}
	if err != nil {
		_, _ = fmt.Fprintln(sh.err, "timak:", err)
	}
	if signal, ok := errors.AsType[stopped](context.Cause(ctx)); ok && err != nil {
		return signal.code() // some stores return the context's error alone
	}
	return codeOf(err)
}

func codeOf(err error) int {
	if signal, ok := errors.AsType[stopped](err); ok {
		return signal.code()
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return codeUsage
	}
	if _, ok := errors.AsType[leftOut](err); ok {
		return codePart
	}
	if err != nil {
		return codeError
	}
	return codeDone
}

func dispatch(ctx context.Context, sh shell) error {
	if len(sh.args) == 0 {
		return usageError("expected a command: see timak -h")
	}
	name, args := sh.args[0], sh.args[1:]
	switch name {
	case "-h", "-help", "--help", "help":
		if len(args) == 0 {
			_, _ = io.WriteString(sh.out, help())
			return flag.ErrHelp
		}
		name, args = args[0], []string{"-h"}
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, sh, args)
		}
	}
	return usageError("unknown command: see timak -h") // it is not quoted: it may be a DSN
}

func (c command) run(ctx context.Context, sh shell, args []string) error {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	do := c.define(flags)
	args, err := parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(sh.out, c.usage(flags))
		return err
	case err != nil:
		return usageError(fmt.Sprintf("%s: %s: see timak %s -h", c.name, mistake(flags, err), c.name))
	}
	if err := do(ctx, sh, args); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// mistake says what is wrong with flags. It quotes neither a value nor the name of an
// unknown flag: either may be a DSN with a password.
func mistake(flags *flag.FlagSet, err error) string {
	text := "there is no such flag"
	flags.VisitAll(func(f *flag.Flag) {
		end := err.Error()[strings.LastIndex(err.Error(), " -")+1:]
		if name, _, _ := strings.Cut(end, ":"); name != "-"+f.Name {
			return
		}
		expected := "a number"
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			expected = "true or false"
		}
		if strings.HasSuffix(err.Error(), f.Name) {
			expected = "a value"
		}
		text = fmt.Sprintf("-%s: expected %s", f.Name, expected)
	})
	return text
}

// parse reads flags, which may stand before and behind the arguments, up to "--".
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	var literal []string
	if end := slices.Index(args, "--"); end >= 0 {
		args, literal = args[:end], args[end+1:]
	}
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if args = flags.Args(); len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	return append(rest, literal...), nil
}
