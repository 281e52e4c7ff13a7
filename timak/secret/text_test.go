package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/timak-go/timak/timak/secret"
	"github.com/timak-go/timak/timak/secret/secrettest"
)

const password = "battery-staple"

type options struct {
	User     string
	Password secret.Text
}

type embedding struct{ secret.Text }

// A secret is not shown, wherever it is stored.
func TestTextIsNotShown(t *testing.T) {
	t.Parallel()
	text := secret.New(password)
	opts := options{"ann", text}
	for name, value := range map[string]any{
		"itself":                  text,
		"a pointer":               &text,
		"a field":                 opts,
		"a pointer to a struct":   &opts,
		"an unexported field":     struct{ opts options }{opts},
		"an unexported pointer":   struct{ text *secret.Text }{&text},
		"an unexported interface": struct{ text any }{text},
		"embedded":                embedding{text},
		"a slice":                 []secret.Text{text},
		"an unexported slice":     struct{ all []options }{[]options{opts}},
		"a map":                   map[string]secret.Text{"ann": text},
		"an unexported map":       struct{ all map[string]options }{map[string]options{"ann": opts}},
		"an array":                [1]options{opts},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrettest.WantHidden(t, password, value)
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for text, shown := range map[string]string{password: "[secret]", "": ""} {
		got := secret.New(text)
		if got.Reveal() != text || got.String() != shown || fmt.Sprintf("%v", got) != shown {
			t.Errorf("of %q: got %q, shown as %q, %v; want it shown as %q", text, got.Reveal(), got.String(), got, shown)
		}
		asJSON, err := json.Marshal(options{"ann", got})
		if want := fmt.Sprintf(`{"User":"ann","Password":%q}`, shown); err != nil || string(asJSON) != want {
			t.Errorf("of %q: got JSON %s, %v; want %s", text, asJSON, err, want)
		}
	}
	if zero := (secret.Text{}); zero.Reveal() != "" || zero.String() != "" {
		t.Errorf("the zero Text: got %q, %q", zero.Reveal(), zero.String())
	}
}

// The text shown in place of a secret is not read back as a password.
func TestTextIsNotReadBack(t *testing.T) {
	t.Parallel()
	var got options
	if err := json.Unmarshal([]byte(`{"User":"ann","Password":"[secret]"}`), &got); err == nil {
		t.Errorf("got %q, want an error", got.Password.Reveal())
	}
}

func TestTextInALog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("open", "password", secret.New(password))
	if !bytes.Contains(log.Bytes(), []byte("password=[secret]")) {
		t.Errorf("got %s", log.Bytes())
	}
}
