package expr

var (
	typeURL            = class("IUrl")
	typeResponse       = class("IResponse")
	typeRequest        = class("IRequest")
	typeKeyValue       = structure("System.Collections.Generic.KeyValuePair<K,V>", nil)
	typeList           = class("System.Collections.Generic.List<T>")
	typeEnumerable     = iface("System.Collections.Generic.IEnumerable<T>")
	typeGuid           = structure("System.Guid", GUID{})
	typeDateTime       = structure("System.DateTime", DateTime{})
	typeDateTimeOffset = structure("System.DateTimeOffset", DateTimeOffset{})
	typeTimeSpan       = structure("System.TimeSpan", TimeSpan(0))
)
