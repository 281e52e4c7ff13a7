package relay

import (
	"context"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Repair is a run that makes timelines agree with the tables.
type Repair struct {
	relay  *Relay
	outbox *outbox.Outbox
	since  string
	lost   []outbox.Mark
}

// BeginRepair begins one: what is lost by now, it may make good. With takeOver the relay
// goes on with its store, though another program uses another one.
func (r *Relay) BeginRepair(ctx context.Context, takeOver bool) (*Repair, error) {
	o, err := r.Outbox()
	if err != nil {
		return nil, err
	}
	if err := r.marks.enter(ctx); err != nil {
		return nil, err
	}
	defer r.marks.leave()
	if err := r.lookAs(ctx, o, takeOver); err != nil {
		return nil, err
	}
	all, _, err := o.Marks(ctx)
	if err != nil {
		return nil, err
	}
	p := &Repair{relay: r, outbox: o}
	own, _ := r.marks.known()
	p.since = own.Text
	for _, m := range all {
		if m.LostAt > 0 {
			p.lost = append(p.lost, m)
		}
	}
	return p, nil
}

// End ends a repair. It returns an error if the store may have lost some of what the
// repair has written. If the repair was of everything, what was lost before it began has
// been made good.
func (p *Repair) End(ctx context.Context, everything bool) error {
	r := p.relay
	if err := r.marks.enter(ctx); err != nil {
		return err
	}
	defer r.marks.leave()
	if err := r.look(ctx, p.outbox); err != nil { // a long repair may have lost its row
		return err
	}
	own, err := r.markOwn(ctx, p.outbox, p.since)
	if err != nil {
		return err
	}
	if !everything {
		p.lost = nil
	}
	if own.ID == 0 && len(p.lost) == 0 {
		return nil
	}
	if err := p.outbox.Forgive(ctx, p.lost, own); err != nil {
		return err
	}
	r.marks.set(own)
	if len(p.lost) > 0 {
		r.opts.Log.InfoContext(ctx, "timak: the store holds again what it had lost")
		return r.look(ctx, p.outbox)
	}
	return nil
}
