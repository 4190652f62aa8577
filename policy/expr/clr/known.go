package clr

// Types that package clr makes values of itself; their members come with the library.
var (
	TypeURL            = Class("IUrl")
	TypeResponse       = Class("IResponse")
	TypeRequest        = Class("IRequest")
	TypeKeyValue       = structure("System.Collections.Generic.KeyValuePair<K,V>", nil)
	TypeList           = Class("System.Collections.Generic.List<T>")
	TypeEnumerable     = Iface("System.Collections.Generic.IEnumerable<T>")
	TypeGuid           = structure("System.Guid", GUID{})
	TypeDateTime       = structure("System.DateTime", DateTime{})
	TypeDateTimeOffset = structure("System.DateTimeOffset", DateTimeOffset{})
	TypeTimeSpan       = structure("System.TimeSpan", TimeSpan(0))
)
