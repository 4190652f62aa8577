package expr

// Exceptions that the library throws and that expressions may name.
var (
	typeException         = class("System.Exception")
	typeArgument          = class("System.ArgumentException")
	typeArgumentNull      = class("System.ArgumentNullException")
	typeArgumentRange     = class("System.ArgumentOutOfRangeException")
	typeFormat            = class("System.FormatException")
	typeInvalidCast       = class("System.InvalidCastException")
	typeInvalidOperation  = class("System.InvalidOperationException")
	typeNotSupported      = class("System.NotSupportedException")
	typeNullReference     = class("System.NullReferenceException")
	typeIndexRange        = class("System.IndexOutOfRangeException")
	typeArithmetic        = class("System.ArithmeticException")
	typeOverflow          = class("System.OverflowException")
	typeDivideByZero      = class("System.DivideByZeroException")
	typeKeyNotFound       = class("System.Collections.Generic.KeyNotFoundException")
	typeCryptographic     = class("System.Security.Cryptography.CryptographicException")
	typeURIFormat         = class("System.UriFormatException")
	typeJSON              = class("Newtonsoft.Json.JsonException")
	typeJSONReader        = class("Newtonsoft.Json.JsonReaderException")
	typeJSONSerialization = class("Newtonsoft.Json.JsonSerializationException")
)
