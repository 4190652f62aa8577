package clr

// Types that package clr makes values of itself; their members come with the library.
var (
	TypeURL            = Iface("IUrl")
	TypeResponse       = Iface("IResponse")
	TypeRequest        = Iface("IRequest")
	TypeKeyValue       = structure("System.Collections.Generic.KeyValuePair<K,V>", nil)
	TypeList           = Class("System.Collections.Generic.List<T>")
	TypeEnumerable     = Iface("System.Collections.Generic.IEnumerable<T>")
	TypeGuid           = structure("System.Guid", GUID{})
	TypeDateTime       = structure("System.DateTime", DateTime{})
	TypeDateTimeOffset = structure("System.DateTimeOffset", DateTimeOffset{})
	TypeAuthorization  = Class("Authorization")
	TypeMath           = Statics("System.Math")
	TypeConvert        = Statics("System.Convert")
	TypeEnum           = Class("System.Enum")
	TypeBitConverter   = Statics("System.BitConverter")
	TypeDisposable     = Iface("System.IDisposable")
	TypeTimeSpan       = structure("System.TimeSpan", TimeSpan(0))
)
