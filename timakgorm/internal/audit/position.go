package audit

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// ErrFrom is returned for a token that no run over the same models, keys and sample
// has given.
var ErrFrom = errors.New("timakgorm: From is not the token of an earlier run over the same models, keys and sample")

// Progress says how far a run has come; timakgorm.Progress says what its fields are.
type Progress struct {
	Keys        int
	Rows, All   int64
	Differences int
	Elapsed     time.Duration
	Rate        float64
	From        string
}

// position is what a token holds: what the run goes through, a place there, what
// was done until there, and the seed of the sample.
type position struct {
	Scope uint64   `json:"o"`           // see verification.over
	Table string   `json:"t,omitempty"` // of the rule that gives keys
	Key   string   `json:"k,omitempty"` // its template
	After []string `json:"a,omitempty"` // the values of the last key
	Named int      `json:"i,omitempty"` // how many of the named keys are done

	Keys int    `json:"n,omitempty"`
	Rows int64  `json:"r,omitempty"`
	Seed uint64 `json:"s,omitempty"`
}

func (p position) token() string {
	text, err := model.JSON(p)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func parsePosition(token string) (p position, err error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return p, ErrFrom
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Named < 0 || p.Table == "" && p.Named == 0 {
		return p, ErrFrom
	}
	if p.Table != "" && p.After == nil { // of a template without fields
		p.After = []string{}
	}
	return p, nil
}
