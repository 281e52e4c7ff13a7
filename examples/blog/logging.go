package main

import (
	"errors"
	"io"
	"log/slog"
)

// format is how the log is written. The zero format is text.
type format struct{ json bool }

// String returns the format as the flag takes it.
func (f *format) String() string {
	if f.json {
		return "json"
	}
	return "text"
}

// Set reads the flag.
func (f *format) Set(text string) error {
	if text != "json" && text != "text" {
		return errors.New("expected text or json")
	}
	f.json = text == "json"
	return nil
}

func (f *format) logger(to io.Writer) *slog.Logger {
	if f.json {
		return slog.New(slog.NewJSONHandler(to, nil))
	}
	return slog.New(slog.NewTextHandler(to, nil))
}
