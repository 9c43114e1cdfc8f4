//! What of a file's descriptors is needed to show records, checked as far as the descriptor pool does not.
//!
//! The pool trusts what a compiler has checked before: it panics at a map entry without a key, recurses for ever along
//! files that import themselves publicly, and interprets options by whatever the set defines options to be. So only
//! messages, fields and enums reach it, without options but those that change how bytes are read.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FieldOptions, FileDescriptorProto,
    FileDescriptorSet, MessageOptions,
};

use crate::quoted::Quoted;

/// The most bytes of a name with the names of all that it lies in, package included; those of today's schema have a tenth.
/// Each record that is shown has names in it, and the pool keeps the full name of all that a set describes.
const MAX_NAME: usize = 512;

/// The set with only what is needed, or what is wrong with it.
pub(super) fn prune(set: FileDescriptorSet) -> Result<FileDescriptorSet, String> {
    // Names are looked up in imports alone, direct ones and public ones behind them: all files can do no harm.
    let names: Vec<String> = set.file.iter().map(|file| file.name().to_owned()).collect();
    let file = set.file.into_iter().map(|file| prune_file(file, &names)).collect::<Result<_, _>>()?;
    Ok(FileDescriptorSet { file })
}

fn prune_file(file: FileDescriptorProto, all: &[String]) -> Result<FileDescriptorProto, String> {
    let name = file.name().to_owned();
    if !matches!(file.syntax(), "" | "proto2" | "proto3") {
        return Err(format!("{}: syntax {} is unknown", Quoted::new(&name), Quoted::new(file.syntax())));
    }
    if !file.package().is_empty() {
        file.package().split('.').try_for_each(check_name)?;
    }
    check_length(name.len(), &name)?;
    let scope = Scope::default().below(file.package())?;
    Ok(FileDescriptorProto {
        dependency: all.iter().filter(|&other| *other != name).cloned().collect(),
        name: Some(name),
        package: file.package,
        message_type: prune_all(file.message_type, scope, prune_message)?,
        enum_type: prune_all(file.enum_type, scope, prune_enum)?,
        syntax: file.syntax.filter(|syntax| !syntax.is_empty()),
        ..FileDescriptorProto::default()
    })
}

fn prune_all<T>(items: Vec<T>, scope: Scope, prune: fn(T, Scope) -> Result<T, String>) -> Result<Vec<T>, String> {
    items.into_iter().map(|item| prune(item, scope)).collect()
}

/// What a name lies in: how long the names of that are together.
#[derive(Clone, Copy, Default)]
struct Scope(usize);

impl Scope {
    /// What lies in `name`, which lies here.
    fn below(self, name: &str) -> Result<Scope, String> {
        let length = self.0 + name.len() + 1;
        check_length(length, name).map(|()| Scope(length))
    }

    /// Checks a name that lies here.
    fn check(self, name: &str) -> Result<(), String> {
        check_name(name)?;
        self.below(name).map(|_| ())
    }
}

fn check_length(length: usize, name: &str) -> Result<(), String> {
    match length > MAX_NAME {
        false => Ok(()),
        true => Err(format!("the name {} and what it lies in are longer than {MAX_NAME} bytes", Quoted::new(name))),
    }
}

fn prune_message(message: DescriptorProto, outer: Scope) -> Result<DescriptorProto, String> {
    outer.check(message.name())?;
    let scope = outer.below(message.name())?;
    message.oneof_decl.iter().try_for_each(|oneof| scope.check(oneof.name()))?;
    let is_map_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
    if is_map_entry && !is_entry(&message.field) {
        return Err(format!("map entry {} is not made of a key and a value", Quoted::new(message.name())));
    }
    let options = MessageOptions { map_entry: Some(true), ..MessageOptions::default() };
    Ok(DescriptorProto {
        name: message.name,
        field: prune_all(message.field, scope, prune_field)?,
        nested_type: prune_all(message.nested_type, scope, prune_message)?,
        enum_type: prune_all(message.enum_type, scope, prune_enum)?,
        oneof_decl: message
            .oneof_decl
            .into_iter()
            .map(|oneof| prost_types::OneofDescriptorProto { options: None, ..oneof })
            .collect(),
        options: is_map_entry.then_some(options),
        ..DescriptorProto::default()
    })
}

/// Whether these are the fields of a map entry: 1, of a type that a key may have, and 2.
fn is_entry(fields: &[FieldDescriptorProto]) -> bool {
    let [key, value] = fields else { return false };
    let keys =
        !matches!(key.r#type(), Type::Double | Type::Float | Type::Bytes | Type::Enum | Type::Message | Type::Group);
    let single = |field: &FieldDescriptorProto, number| {
        field.number() == number && field.label() == Label::Optional && field.oneof_index.is_none()
    };
    keys && key.r#type.is_some() && value.r#type() != Type::Group && single(key, 1) && single(value, 2)
}

fn prune_field(field: FieldDescriptorProto, scope: Scope) -> Result<FieldDescriptorProto, String> {
    scope.check(field.name())?;
    check_length(field.json_name().len(), field.json_name())?;
    if field.r#type.is_none_or(|number| Type::try_from(number).is_err()) {
        return Err(format!("field {} has no type that is known", Quoted::new(field.name())));
    }
    let packed = field.options.as_ref().and_then(|options| options.packed);
    let options = packed.map(|packed| FieldOptions { packed: Some(packed), ..FieldOptions::default() });
    Ok(FieldDescriptorProto { options, default_value: None, extendee: None, ..field })
}

fn prune_enum(of: EnumDescriptorProto, outer: Scope) -> Result<EnumDescriptorProto, String> {
    outer.check(of.name())?;
    let scope = outer.below(of.name())?;
    of.value.iter().try_for_each(|value| scope.check(value.name()))?;
    let alias = of.options.as_ref().is_some_and(EnumOptions::allow_alias);
    let options = EnumOptions { allow_alias: Some(true), ..EnumOptions::default() };
    let value = of.value.into_iter().map(|value| prost_types::EnumValueDescriptorProto { options: None, ..value });
    Ok(EnumDescriptorProto {
        name: of.name,
        value: value.collect(),
        options: alias.then_some(options),
        ..EnumDescriptorProto::default()
    })
}

fn check_name(name: &str) -> Result<(), String> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match letters && !name.is_empty() && !name.as_bytes()[0].is_ascii_digit() {
        true => Ok(()),
        false => Err(format!("{} is no name", Quoted::new(name))),
    }
}
