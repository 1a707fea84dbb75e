"""The reference reading against the vectors: the bytes give exactly the fields that were written down for them."""

from __future__ import annotations

from lab.wire.frame import dissect, rebuild


def test_each_byte_means_what_the_vector_says(vector):
    dissection = dissect(vector.data, vector.start)
    for line, field in zip(vector.lines, dissection.fields, strict=True):
        assert (field.offset, field.raw, field.name) == (line.offset, line.raw, line.name)
        assert field.value == (line.raw if line.value is None and not isinstance(field.value, int) else line.value)
        assert field.meaning == line.meaning
        assert [(bits.name, bits.value, bits.meaning) for bits in field.bits] == line.bits


def test_every_number_of_two_bytes_and_more_is_in_network_order(vector):
    for field in dissect(vector.data, vector.start).fields:
        if field.order:
            assert field.order == "big"
            assert field.value == int(field.raw.hex(), 16)
            assert field.swapped == int(field.raw[::-1].hex(), 16)


def test_what_is_wrong_is_found_where_the_vector_says_and_nothing_else(vector):
    dissection = dissect(vector.data, vector.start)
    error = dissection.error
    assert (error and (error.field, error.offset)) == vector.error
    assert [(n.kind, n.field, n.offset, n.found, n.wanted) for n in dissection.notes] == vector.notes


def test_the_values_alone_give_the_bytes_again(vector):
    dissection = dissect(vector.data, vector.start)
    if vector.error is None:
        assert rebuild(dissection) == vector.data


def test_every_field_but_those_without_a_format_names_its_source(vector):
    bare = ("payload", "fragment_data", "padding", "trailer", "surplus", "trailing", "unparsed")
    for field in dissect(vector.data, vector.start).fields:
        assert field.source or field.name.rpartition(".")[2] in bare, field.name
