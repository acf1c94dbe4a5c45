#include "ui/markdown/languages.h"

#include <cstring>

namespace ui::markdown {
namespace {

constexpr Language table[] = {
    {" cpp c++ cxx cc hpp h++ cuda cu ", "C++", CodeStyle::Program, "//", "/*", "*/", "\"'", "", true, false,
     " alignas alignof and asm auto break case catch class co_await co_return co_yield concept const consteval "
     "constexpr "
     "constinit const_cast continue decltype default delete do dynamic_cast else enum explicit export extern false "
     "final for "
     "friend goto if inline mutable namespace new noexcept nullptr operator or override private protected public "
     "register "
     "reinterpret_cast requires return sizeof static static_assert static_cast struct switch template this "
     "thread_local throw "
     "true try typedef typeid typename union using virtual volatile while ",
     " bool char char8_t char16_t char32_t double float int long short signed unsigned void wchar_t size_t ptrdiff_t "
     "int8_t "
     "int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t std string vector map set pair optional unique_ptr "
     "shared_ptr span string_view "},
    {" c h ", "C", CodeStyle::Program, "//", "/*", "*/", "\"'", "", true, false,
     " auto break case const continue default do else enum extern for goto if inline register restrict return sizeof "
     "static "
     "struct switch typedef union volatile while NULL true false ",
     " bool char double float int long short signed unsigned void size_t ssize_t FILE int8_t int16_t int32_t int64_t "
     "uint8_t "
     "uint16_t uint32_t uint64_t "},
    {" python py python3 py3 ipython ", "Python", CodeStyle::Program, "#", "", "", "\"'", "\"\"\" '''", true, false,
     " and as assert async await break case class continue def del elif else except False finally for from global if "
     "import in "
     "is lambda match None nonlocal not or pass raise return True try while with yield self ",
     " bool bytes dict float frozenset int list object set str tuple type range len print enumerate zip map filter sum "
     "min max "
     "sorted open isinstance super Exception ValueError "},
    {" javascript js jsx mjs node ", "JavaScript", CodeStyle::Program, "//", "/*", "*/", "\"'", "`", true, false,
     " async await break case catch class const continue debugger default delete do else export extends false finally "
     "for from "
     "function if import in instanceof let new null of return static super switch this throw true try typeof undefined "
     "var void "
     "while with yield ",
     " Array Boolean Date Error JSON Map Math Number Object Promise RegExp Set String Symbol console document window "},
    {" typescript ts tsx ", "TypeScript", CodeStyle::Program, "//", "/*", "*/", "\"'", "`", true, false,
     " abstract as async await break case catch class const continue declare default delete do else enum export "
     "extends false "
     "finally for from function get if implements import in instanceof interface is keyof let namespace new null of "
     "private "
     "protected public readonly return set static super switch this throw true try type typeof undefined var void "
     "while yield ",
     " any bigint boolean never number object string symbol unknown Array Date Error Map Promise Record Set Partial "},
    {" java ", "Java", CodeStyle::Program, "//", "/*", "*/", "\"'", "\"\"\"", true, false,
     " abstract assert break case catch class const continue default do else enum extends final finally for goto if "
     "implements "
     "import instanceof interface native new null package private protected public record return sealed static super "
     "switch "
     "synchronized this throw throws transient true false try var void volatile while yield ",
     " boolean byte char double float int long short String Integer List Map Set Object System Override "},
    {" csharp cs c# dotnet ", "C#", CodeStyle::Program, "//", "/*", "*/", "\"'", "", true, false,
     " abstract as async await base break case catch checked class const continue default delegate do else enum event "
     "explicit "
     "extern false finally fixed for foreach get goto if implicit in init interface internal is lock namespace new "
     "null "
     "operator out override params private protected public readonly record ref return sealed set sizeof static struct "
     "switch "
     "this throw true try typeof unchecked unsafe using var virtual void volatile where while yield ",
     " bool byte char decimal double dynamic float int long nint object sbyte short string uint ulong ushort List "
     "Dictionary "
     "Task Console "},
    {" go golang ", "Go", CodeStyle::Program, "//", "/*", "*/", "\"'", "`", false, false,
     " break case chan const continue default defer else fallthrough false for func go goto if import interface iota "
     "map nil "
     "package range return select struct switch true type var ",
     " any bool byte comparable complex128 complex64 error float32 float64 int int16 int32 int64 int8 rune string uint "
     "uint16 "
     "uint32 uint64 uint8 uintptr append cap close copy delete len make new panic print println recover "},
    {" rust rs ", "Rust", CodeStyle::Program, "//", "/*", "*/", "\"", "", true, false,
     " as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move "
     "mut pub "
     "ref return self Self static struct super trait true type unsafe use where while ",
     " bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Box Option Result Some None Ok Err "
     "String Vec "
     "HashMap println "},
    {" bash sh shell zsh console shell-session terminal ", "Shell", CodeStyle::Program, "#", "", "", "\"'", "", false,
     false,
     " case do done elif else esac export fi for function if in local readonly return select set then time trap unset "
     "until "
     "while exit shift source alias ",
     " cat cd chmod chown cmake cp curl docker echo find git grep head kill ls make mkdir mv ninja npm pip printf ps "
     "pwd python "
     "python3 read rm sed sort ssh sudo tail tar test touch wc wget xargs apt awk "},
    {" powershell ps1 pwsh ", "PowerShell", CodeStyle::Program, "#", "<#", "#>", "\"'", "", false, true,
     " begin break catch class continue data do else elseif end exit filter finally for foreach from function if in "
     "param "
     "process return switch throw trap try until using while ",
     " write-host write-output get-item get-childitem set-location new-object select-object where-object "},
    {" sql mysql postgres postgresql sqlite plsql ", "SQL", CodeStyle::Program, "--", "/*", "*/", "'\"", "", false,
     true,
     " add all alter and as asc begin between by cascade case check column commit constraint create cross database "
     "default delete "
     "desc distinct drop else end exists foreign from full group having if in index inner insert into is join key left "
     "like "
     "limit not null offset on or order outer over partition primary references returning right rollback select set "
     "table then "
     "transaction trigger union unique update using values view when where with ",
     " bigint blob boolean char date decimal double float int integer numeric real serial smallint text time timestamp "
     "varchar "
     "avg coalesce count max min sum "},
    {" json jsonc json5 jsonl ", "JSON", CodeStyle::Data, "//", "/*", "*/", "\"'", "", false, false,
     " true false null ", ""},
    {" yaml yml ", "YAML", CodeStyle::Data, "#", "", "", "\"'", "", false, false, " true false null yes no on off ",
     ""},
    {" toml ini conf cfg properties env dotenv ", "TOML", CodeStyle::Data, "# ;", "", "", "\"'", "\"\"\" '''", false,
     false, " true false ", ""},
    {" html xml svg xhtml vue qml-xml htm xaml ", "HTML", CodeStyle::Markup, "", "<!--", "-->", "\"'", "", false, true,
     "", ""},
    {" css scss less sass ", "CSS", CodeStyle::Data, "", "/*", "*/", "\"'", "", true, false,
     " important inherit initial none auto block flex grid inline absolute relative fixed sticky solid bold italic "
     "center left "
     "right top bottom hidden visible ",
     ""},
    {" kotlin kt kts ", "Kotlin", CodeStyle::Program, "//", "/*", "*/", "\"'", "\"\"\"", true, false,
     " abstract as break by class companion const continue data do else enum false final finally for fun if import in "
     "init inner "
     "interface internal is lateinit null object open operator override package private protected public return sealed "
     "super "
     "suspend this throw true try typealias val var when where while ",
     " Any Array Boolean Byte Char Double Float Int List Long Map Set Short String Unit "},
    {" swift ", "Swift", CodeStyle::Program, "//", "/*", "*/", "\"", "\"\"\"", true, false,
     " actor as async await break case catch class continue default defer do else enum extension fallthrough false "
     "fileprivate "
     "for func guard if import in init inout internal is let mutating nil open override private protocol public repeat "
     "return "
     "self Self static struct super switch throw throws true try typealias var where while ",
     " Any Array Bool Character Dictionary Double Float Int Optional Set String Void "},
    {" php ", "PHP", CodeStyle::Program, "// #", "/*", "*/", "\"'", "", false, true,
     " abstract and array as break callable case catch class clone const continue declare default do echo else elseif "
     "extends "
     "final finally fn for foreach function global if implements include instanceof interface isset list match "
     "namespace new null "
     "or print private protected public readonly require require_once return static switch this throw trait true false "
     "try unset "
     "use var while yield ",
     " bool float int iterable mixed object string void "},
    {" ruby rb ", "Ruby", CodeStyle::Program, "#", "=begin", "=end", "\"'", "", false, false,
     " alias and begin break case class def do else elsif end ensure false for if in module next nil not or redo "
     "require rescue "
     "retry return self super then true undef unless until when while yield attr_accessor attr_reader puts ",
     " Array Float Hash Integer String Symbol "},
    {" lua ", "Lua", CodeStyle::Program, "--", "--[[", "]]", "\"'", "", false, false,
     " and break do else elseif end false for function goto if in local nil not or repeat return then true until "
     "while ",
     " print pairs ipairs require string table math type tostring tonumber "},
    {" r ", "R", CodeStyle::Program, "#", "", "", "\"'", "", false, false,
     " break else FALSE for function if in Inf NA NaN next NULL repeat return TRUE while library ",
     " c data.frame list matrix mean numeric character factor print sum vector "},
    {" julia jl ", "Julia", CodeStyle::Program, "#", "#=", "=#", "\"", "\"\"\"", true, false,
     " abstract begin break catch const continue do else elseif end export false finally for function global if import "
     "in let local "
     "macro module mutable primitive quote return struct true try type using where while nothing ",
     " Any Array Bool Dict Float32 Float64 Int Int64 Matrix String Vector println "},
    {" haskell hs ", "Haskell", CodeStyle::Program, "--", "{-", "-}", "\"", "", false, false,
     " case class data default deriving do else forall foreign if import in infix infixl infixr instance let module "
     "newtype of "
     "qualified then type where ",
     " Bool Char Double Either False Float IO Int Integer Just Left Maybe Nothing Right String True "},
    {" scala ", "Scala", CodeStyle::Program, "//", "/*", "*/", "\"'", "\"\"\"", true, false,
     " abstract case catch class def do else enum extends false final finally for forSome given if implicit import "
     "lazy match new "
     "null object override package private protected return sealed super then this throw trait true try type using val "
     "var while "
     "with yield ",
     " Any Boolean Double Float Int List Long Map Option Seq Set Some String Unit None "},
    {" perl pl ", "Perl", CodeStyle::Program, "#", "", "", "\"'", "", false, false,
     " and cmp die do else elsif eq for foreach if last local my ne next no not or our package print redo return say "
     "sub unless until "
     "use while ",
     ""},
    {" matlab octave ", "MATLAB", CodeStyle::Program, "%", "%{", "%}", "\"'", "", false, false,
     " break case catch classdef continue else elseif end for function global if otherwise parfor persistent return "
     "switch try while ",
     " disp zeros ones eye plot size length "},
    {" cmake ", "CMake", CodeStyle::Program, "#", "#[[", "]]", "\"", "", false, true,
     " add_executable add_library add_subdirectory add_test cmake_minimum_required else elseif endforeach endfunction "
     "endif endmacro "
     "find_package foreach function if include install list macro message option project return set "
     "target_compile_definitions "
     "target_include_directories target_link_libraries target_sources while endwhile ",
     " public private interface static shared required components on off "},
    {" dockerfile docker ", "Dockerfile", CodeStyle::Program, "#", "", "", "\"'", "", false, true,
     " add arg cmd copy entrypoint env expose from healthcheck label onbuild run shell stopsignal user volume workdir "
     "as ",
     ""},
    {" makefile make mk ", "Makefile", CodeStyle::Program, "#", "", "", "\"'", "", false, false,
     " define else endef endif export ifdef ifeq ifndef ifneq include override unexport .PHONY ", ""},
    {" asm assembly nasm x86asm ", "Assembly", CodeStyle::Program, "; #", "/*", "*/", "\"'", "", false, true,
     " add and call cmp dec div inc int ja jb je jg jl jmp jne jnz jz lea loop mov movzx mul neg nop not or pop push "
     "ret shl shr sub "
     "syscall test xor section global extern ",
     " rax rbx rcx rdx rsi rdi rbp rsp eax ebx ecx edx esi edi al bl cl dl xmm0 xmm1 ymm0 ymm1 zmm0 byte word dword "
     "qword "},
    {" glsl hlsl wgsl opencl cl ", "GLSL", CodeStyle::Program, "//", "/*", "*/", "\"", "", true, false,
     " break case const continue default discard do else false for if in inout kernel layout out return struct switch "
     "true uniform "
     "varying void while ",
     " bool float float2 float3 float4 int ivec2 ivec3 ivec4 mat2 mat3 mat4 sampler2D uint vec2 vec3 vec4 "},
    {" zig ", "Zig", CodeStyle::Program, "//", "", "", "\"'", "", true, false,
     " align and break catch comptime const continue defer else enum errdefer error export extern false fn for if "
     "inline null or orelse "
     "packed pub return struct switch test true try undefined union unreachable usingnamespace var while ",
     " bool f32 f64 i8 i16 i32 i64 isize u8 u16 u32 u64 usize void anytype "},
    {" dart ", "Dart", CodeStyle::Program, "//", "/*", "*/", "\"'", "\"\"\" '''", true, false,
     " abstract as assert async await break case catch class const continue default do else enum extends false final "
     "finally for if "
     "implements import in is late mixin new null on required return static super switch this throw true try var void "
     "while with yield ",
     " bool double dynamic int List Map num Object Set String Future Widget "},
    {" latex tex ", "LaTeX", CodeStyle::Program, "%", "", "", "", "", false, false,
     " begin end usepackage documentclass section ", ""},
    {" diff patch ", "Diff", CodeStyle::Diff, "", "", "", "", "", false, false, "", ""},
    {" text txt plaintext plain output log ", "Text", CodeStyle::Program, "", "", "", "", "", false, false, "", ""},
    {" markdown md ", "Markdown", CodeStyle::Program, "", "", "", "", "", false, false, "", ""},
    {" csv tsv ", "CSV", CodeStyle::Data, "", "", "", "\"", "", false, false, "", ""},
};

}  // namespace

std::span<const Language> languages() {
    return table;
}

const Language* findLanguage(QStringView word) {
    if (word.isEmpty() || word.contains(QLatin1Char(' ')))
        return nullptr;
    const QByteArray padded = ' ' + word.toLatin1().toLower() + ' ';
    for (const Language& language : table)
        if (std::strstr(language.aliases, padded.constData()) != nullptr)
            return &language;
    return nullptr;
}

}  // namespace ui::markdown
