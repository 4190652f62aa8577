package system

import (
	"time"

	"stile/policy/expr/clr"
)

var (
	typeZone         = clr.Class("System.TimeZoneInfo")
	typeZoneNotFound = clr.Class("System.TimeZoneNotFoundException")
	typeOldZone      = clr.Class("System.TimeZone")
)

// zone is a TimeZoneInfo.
type zone struct {
	id  string
	loc *time.Location
}

// RuntimeType names the .NET type.
func (*zone) RuntimeType() *clr.Type { return typeZone }

// String is the display name.
func (z *zone) String() string {
	if z == utc {
		return z.id
	}
	return "(UTC" + sign(z.base()) + ") " + z.id
}

// sign writes an offset as ±hh:mm.
func sign(d time.Duration) string {
	mark := "+"
	if d < 0 {
		mark, d = "-", -d
	}
	return time.Unix(int64(d/time.Second), 0).UTC().Format(mark + "15:04")
}

// utc is TimeZoneInfo.Utc, and TimeZoneInfo.Local too: the server's zone is UTC.
var utc = &zone{"UTC", time.UTC}

// find is FindSystemTimeZoneById: names of Windows and of the IANA database.
func find(m *clr.Machine, id string) *zone {
	name := id
	if iana, ok := windowsZones[id]; ok {
		name = iana
	}
	if name == "UTC" || name == "Etc/UTC" {
		return &zone{id, time.UTC}
	}
	m.Work(50)
	if m.Env.Zone != nil && name != "" && name != "Local" {
		if loc, err := m.Env.Zone(name); err == nil {
			return &zone{id, loc}
		}
	}
	m.Throw(typeZoneNotFound, "The time zone ID '"+id+"' was not found on the local computer.")
	return nil
}

// at gives the offset from UTC of an instant, in ticks.
func (z *zone) at(ticks int64) int64 {
	_, offset := clr.TimeOf(ticks).In(z.loc).Zone()
	return int64(offset) * clr.TicksPerSecond
}

// base is the offset of standard time, as it is now in the zone's own rules.
func (z *zone) base() time.Duration {
	for _, month := range []time.Month{time.January, time.July} {
		if t := time.Date(2024, month, 1, 0, 0, 0, 0, z.loc); !t.IsDST() {
			_, offset := t.Zone()
			return time.Duration(offset) * time.Second
		}
	}
	return 0
}

func (z *zone) saves() bool {
	for _, month := range []time.Month{time.January, time.July} {
		if time.Date(2024, month, 1, 0, 0, 0, 0, z.loc).IsDST() {
			return true
		}
	}
	return false
}

// wall gives the offsets that a clock time in the zone can have: two where it is said
// twice in autumn, none where it is left out in spring.
func (z *zone) wall(ticks int64) (offsets []int64) {
	for _, near := range []int64{z.at(ticks - z.at(ticks) - clr.TicksPerDay), z.at(ticks - z.at(ticks) + clr.TicksPerDay)} {
		if z.at(ticks-near) == near && (len(offsets) == 0 || offsets[0] != near) {
			offsets = append(offsets, near)
		}
	}
	return offsets
}

// offset is the offset of a clock time: standard time where it is said twice or never.
func (z *zone) offset(ticks int64) int64 {
	base := int64(z.base() / 100)
	list := z.wall(ticks)
	switch len(list) {
	case 0:
		return min(z.at(ticks-base-clr.TicksPerDay), z.at(ticks-base+clr.TicksPerDay))
	case 1:
		return list[0]
	}
	return min(list[0], list[1])
}

// instant reads a DateTime as UTC ticks: one of kind Utc or Local is UTC, another is a
// clock time of the zone.
func (z *zone) instant(d clr.DateTime) int64 {
	if d.Kind != clr.KindUnspecified {
		return d.Ticks
	}
	return d.Ticks - z.offset(d.Ticks)
}

// clock gives the zone's clock at an instant.
func (z *zone) clock(m *clr.Machine, ticks int64) clr.DateTime {
	kind := uint8(clr.KindUnspecified)
	if z == utc {
		kind = clr.KindUTC
	}
	return clr.NewDateTime(m, ticks+z.at(ticks), kind)
}

// from checks the kind of a DateTime that shall be a clock time of the zone.
func (z *zone) from(m *clr.Machine, d clr.DateTime) int64 {
	if d.Kind != clr.KindUnspecified && z.loc != time.UTC {
		m.Throw(clr.TypeArgument, "The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly.  For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local.\nParameter name: sourceTimeZone")
	}
	if d.Kind == clr.KindUnspecified && len(z.wall(d.Ticks)) == 0 {
		m.Throw(clr.TypeArgument, "The supplied DateTime represents an invalid time.  For example, when the clock is adjusted forward, any time in the period that is skipped is invalid.\nParameter name: dateTime")
	}
	return z.instant(d)
}

func needZone(m *clr.Machine, v clr.Value, name string) *zone {
	z, ok := v.(*zone)
	if !ok {
		null(m, name)
	}
	return z
}
