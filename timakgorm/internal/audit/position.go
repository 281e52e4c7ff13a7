package audit

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// ErrFrom is returned for a token that is not of a run over the same models, keys and
// sample.
var ErrFrom = errors.New("timakgorm: From is not the token of an earlier run over the same models, keys and sample")

// Progress says how far a run has come; timakgorm.Progress describes its fields.
type Progress struct {
	Keys        int
	Rows, All   int64
	Differences int
	Elapsed     time.Duration
	Rate        float64
	From        string
}

// position is what a token holds: what the run covers, a place there, what is done up
// to it, and the seed of the sample.
type position struct {
	Scope uint64   `json:"o"`           // see verification.scope
	Table string   `json:"t,omitempty"` // the table of the source of keys
	Key   string   `json:"k,omitempty"` // the key template of the source
	After []string `json:"a,omitempty"` // the values of the last key
	Named int      `json:"i,omitempty"` // how many of Options.Keys are done

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
	if p.Table != "" && p.After == nil { // a template without columns
		p.After = []string{}
	}
	return p, nil
}
