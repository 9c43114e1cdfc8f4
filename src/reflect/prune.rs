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
    Ok(FileDescriptorProto {
        dependency: all.iter().filter(|&other| *other != name).cloned().collect(),
        name: Some(name),
        package: file.package,
        message_type: prune_all(file.message_type, prune_message)?,
        enum_type: prune_all(file.enum_type, prune_enum)?,
        syntax: file.syntax.filter(|syntax| !syntax.is_empty()),
        ..FileDescriptorProto::default()
    })
}

fn prune_all<T>(items: Vec<T>, prune: fn(T) -> Result<T, String>) -> Result<Vec<T>, String> {
    items.into_iter().map(prune).collect()
}

fn prune_message(message: DescriptorProto) -> Result<DescriptorProto, String> {
    check_name(message.name())?;
    message.oneof_decl.iter().try_for_each(|oneof| check_name(oneof.name()))?;
    let is_map_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
    if is_map_entry && !is_entry(&message.field) {
        return Err(format!("map entry {} is not made of a key and a value", Quoted::new(message.name())));
    }
    let options = MessageOptions { map_entry: Some(true), ..MessageOptions::default() };
    Ok(DescriptorProto {
        name: message.name,
        field: prune_all(message.field, prune_field)?,
        nested_type: prune_all(message.nested_type, prune_message)?,
        enum_type: prune_all(message.enum_type, prune_enum)?,
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

fn prune_field(field: FieldDescriptorProto) -> Result<FieldDescriptorProto, String> {
    check_name(field.name())?;
    if field.r#type.is_none_or(|number| Type::try_from(number).is_err()) {
        return Err(format!("field {} has no type that is known", Quoted::new(field.name())));
    }
    let packed = field.options.as_ref().and_then(|options| options.packed);
    let options = packed.map(|packed| FieldOptions { packed: Some(packed), ..FieldOptions::default() });
    Ok(FieldDescriptorProto { options, default_value: None, extendee: None, ..field })
}

fn prune_enum(of: EnumDescriptorProto) -> Result<EnumDescriptorProto, String> {
    check_name(of.name())?;
    of.value.iter().try_for_each(|value| check_name(value.name()))?;
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
