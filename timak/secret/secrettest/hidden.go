// Package secrettest helps tests to check that a value shows no secret.
package secrettest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// WantHidden fails the test if value reveals text through any verb of fmt, in JSON
// or in a log.
func WantHidden(t testing.TB, text string, value any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%p", "%T", "%U"} {
		wantNot(t, text, verb, fmt.Sprintf(verb, value))
	}
	wantNot(t, text, "Sprint", fmt.Sprint(value))
	asJSON, err := json.Marshal(value)
	wantNot(t, text, "JSON", fmt.Sprintf("%s %v", asJSON, err))
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("open", "value", value, slog.Group("group", "value", value))
	}
	wantNot(t, text, "slog", log.String())
}

func wantNot(t testing.TB, text, how, shown string) {
	t.Helper()
	encoded := hex.EncodeToString([]byte(text))
	for _, form := range []string{
		text, encoded, strings.ToUpper(encoded), fmt.Sprintf("% x", text), base64.StdEncoding.EncodeToString([]byte(text)),
		strings.Trim(fmt.Sprintf("%d", []byte(text)), "[]"),
	} {
		if strings.Contains(shown, form) {
			t.Errorf("%s shows the secret: %s", how, shown)
			return
		}
	}
}
