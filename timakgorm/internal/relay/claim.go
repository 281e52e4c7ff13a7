package relay

import (
	"context"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// claim claims the changes of the batch that have subscriptions to settle: see
// outbox.Claim. It leaves those beyond settleLooks to the next batch, and those that
// another relay has just claimed to it.
func (b *batch) claim(ctx context.Context) {
	var rows []*rowFold
	var ids [][]int64
	looks := 0
	for _, f := range b.folds {
		if len(f.subscriptions) == 0 || f.settled {
			continue
		}
		if looks += len(f.subscriptions); looks > settleLooks && len(rows) > 0 {
			f.unfinished = true // in the next batch
			continue
		}
		rows, ids = append(rows, f), append(ids, f.ids())
	}
	if len(rows) == 0 {
		return
	}
	version, ours, err := b.outbox.Claim(ctx, rows[0].table, ids)
	for n, f := range rows {
		if err != nil {
			b.hinder(f, err)
			continue
		}
		f.claim, f.elsewhere = version, !ours[n]
	}
}

// claimedWith reports whether the row's changes were claimed with a version last.
func (f *rowFold) claimedWith(version int64) bool {
	for _, change := range f.changes {
		if change.Claim == nil || max(*change.Claim, -*change.Claim) != version {
			return false
		}
	}
	return true
}

// claims are the claims of all rows, for the settlement.
func (b *batch) claims() map[int64]int64 {
	held := map[int64]int64{}
	for _, f := range b.folds {
		if f.claim == 0 || f.elsewhere {
			continue
		}
		for _, id := range f.ids() {
			held[id] = f.claim
		}
	}
	return held
}

// newSettlement returns a settlement of the batch in which nothing is decided yet. Other
// processes hear of what was written when the changes leave the outbox: if that does not
// come to pass, they are written again.
func (b *batch) newSettlement() outbox.Settlement {
	return outbox.Settlement{Claims: b.claims(), Notes: b.relay.opts.Watchers.Notes(b.written)}
}
