package machines

import (
	"time"

	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

// Machine is a state machine's record, with its versions and aliases, which have
// rows of their own. Its Definition is set in revision rows only. What a machine
// holds never changes: a change makes another machine.
type Machine struct {
	sfn.StateMachine
	Revision    uint64 // counts for ever, also over deletion and a new creation
	lastVersion uint64 // the highest number ever given out, in the same way
	// born is the version that its creation published, 0 for none, and bornText how
	// that was described: another creation must say the same.
	born     uint64
	bornText string

	versions []*version // by number
	aliases  []*alias   // by creation, then name
}

// with gives a machine that can be changed: the same, without what the last change
// answered with.
func (m *Machine) with() *Machine {
	c := *m
	c.VersionARN = ""
	return &c
}

// statusDeleted marks the row that keeps a deleted machine's revision number.
const (
	statusActive   = "ACTIVE"
	statusDeleting = "DELETING"
	statusDeleted  = "DELETED"
)

func (m *Machine) encode(definition bool) []byte {
	e := codec.New(256)
	text := ""
	if definition {
		text = m.Definition
	}
	for _, s := range m.texts(&text) {
		e.Str(*s)
	}
	e.Uint(m.Revision)
	e.Int(m.Created.UnixMilli())
	e.Int(m.Updated.UnixMilli())
	e.JSON(m.Logging)
	e.JSON(m.Tracing)
	e.JSON(m.Encryption)
	e.Uint(uint64(len(m.Tags)))
	for _, t := range m.Tags {
		e.Str(t.Key)
		e.Str(t.Value)
	}
	if m.lastVersion > 0 {
		e.Uint(m.lastVersion)
		e.Uint(m.born)
		e.Str(m.bornText)
	}
	return e.B
}

func (m *Machine) texts(definition *string) []*string {
	return []*string{&m.ARN, &m.Name, &m.RoleARN, &m.Type, &m.RevisionID, &m.Status, &m.File, definition}
}

func decodeMachine(b []byte) (*Machine, error) {
	d := codec.Open(b)
	m := &Machine{}
	for _, s := range m.texts(&m.Definition) {
		*s = d.Str()
	}
	m.Revision = d.Uint()
	m.Created, m.Updated = time.UnixMilli(d.Int()), time.UnixMilli(d.Int())
	m.Logging, m.Tracing, m.Encryption = d.JSON(), d.JSON(), d.JSON()
	for n := d.Uint(); n > 0 && d.Err == nil; n-- {
		m.Tags = append(m.Tags, sfn.Tag{Key: d.Str(), Value: d.Str()})
	}
	if d.Err == nil && len(d.B) > 0 { // one that was never published has none
		m.lastVersion, m.born, m.bornText = d.Uint(), d.Uint(), d.Str()
	}
	return m, d.Err
}
