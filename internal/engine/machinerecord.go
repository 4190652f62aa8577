package engine

import (
	"time"

	"stile/internal/sfn"
)

// machine is a state machine's record, with its versions and aliases, which have
// rows of their own. Its Definition is set in revision rows only. What a machine
// holds never changes: a change makes another machine.
type machine struct {
	sfn.StateMachine
	revision    uint64 // counts for ever, also over deletion and a new creation
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
func (m *machine) with() *machine {
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

func (m *machine) encode(definition bool) []byte {
	e := record(256)
	text := ""
	if definition {
		text = m.Definition
	}
	for _, s := range m.texts(&text) {
		e.str(*s)
	}
	e.uint(m.revision)
	e.int(m.Created.UnixMilli())
	e.int(m.Updated.UnixMilli())
	e.json(m.Logging)
	e.json(m.Tracing)
	e.json(m.Encryption)
	e.uint(uint64(len(m.Tags)))
	for _, t := range m.Tags {
		e.str(t.Key)
		e.str(t.Value)
	}
	if m.lastVersion > 0 {
		e.uint(m.lastVersion)
		e.uint(m.born)
		e.str(m.bornText)
	}
	return e.b
}

func (m *machine) texts(definition *string) []*string {
	return []*string{&m.ARN, &m.Name, &m.RoleARN, &m.Type, &m.RevisionID, &m.Status, &m.File, definition}
}

func decodeMachine(b []byte) (*machine, error) {
	d := open(b)
	m := &machine{}
	for _, s := range m.texts(&m.Definition) {
		*s = d.str()
	}
	m.revision = d.uint()
	m.Created, m.Updated = time.UnixMilli(d.int()), time.UnixMilli(d.int())
	m.Logging, m.Tracing, m.Encryption = d.json(), d.json(), d.json()
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		m.Tags = append(m.Tags, sfn.Tag{Key: d.str(), Value: d.str()})
	}
	if d.err == nil && len(d.b) > 0 { // one that was never published has none
		m.lastVersion, m.born, m.bornText = d.uint(), d.uint(), d.str()
	}
	return m, d.err
}
