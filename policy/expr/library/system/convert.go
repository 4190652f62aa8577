package system

import (
	"encoding/base64"
	"strings"

	"stile/policy/expr/clr"
)

// convertSpecs adds the forms of Convert that read a part of an array.
func convertSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{{Type: clr.TypeConvert, Members: []clr.MemberSpec{
		clr.Line("static string ToBase64String(byte[], int offset, int length)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b := needBytes(m, a[0])
			from, n := window(m, a, len(b))
			return m.Text(base64.StdEncoding.EncodeToString(b[from : from+n]))
		}),
		clr.Line("static byte[] FromBase64CharArray(char[], int offset, int length)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			list, ok := a[0].(*clr.Array)
			if !ok {
				null(m, "inArray")
			}
			from, n := window(m, a, len(list.Items))
			var b strings.Builder
			for _, c := range list.Items[from : from+n] {
				m.Step()
				b.WriteString(clr.Text(c))
			}
			return clr.FromBase64(m, b.String())
		}),
	}}}
}

// window checks the offset and length that stand behind an array of size items.
func window(m *clr.Machine, a []clr.Value, size int) (from, n int) {
	from, n = int(clr.AsInt64(a[1])), int(clr.AsInt64(a[2]))
	switch {
	case n < 0:
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: length")
	case from < 0:
		m.Throw(clr.TypeArgumentRange, "Value must be positive.\nParameter name: offset")
	case from > size-n:
		m.Throw(clr.TypeArgumentRange, "Offset and length must refer to a position in the string.\nParameter name: offset")
	}
	return from, n
}
