#include "importer/normalise/name.hpp"

#include <gtest/gtest.h>

#include "importer/arena.hpp"

namespace townhall::importer {
namespace {

TEST(Name, display_form_is_trimmed_collapsed_and_composed) {
    EXPECT_EQ(clean_text("  Mary \t Ann  "), "Mary Ann");
    EXPECT_EQ(clean_text("Nu\xCC\x81n\xCC\x83"
                         "ez"),
              "N\xC3\xBA\xC3\xB1"
              "ez");
    EXPECT_EQ(clean_text("\xC2\xA0Zo\xC3\xAB\xE2\x80\x8B \xC2\x85 X"), "Zoë X");
    EXPECT_EQ(clean_text("line\r\nbreak"), "line break");
    EXPECT_EQ(clean_text(" \x01 "), "");
    EXPECT_EQ(clean_text("O'Neil-Smith, Jr."), "O'Neil-Smith, Jr.");
}

TEST(Name, clean_text_is_not_copied) {
    Arena arena;
    const std::string_view text = "Mary Ann";
    EXPECT_EQ(clean_text(text, arena).data(), text.data());
}

TEST(Name, folded_form_is_what_people_type) {
    EXPECT_EQ(fold_name("O'Neil"), "oneil");
    EXPECT_EQ(fold_name("O\xE2\x80\x99Neil"), "oneil");
    EXPECT_EQ(fold_name("Núñez-García"), "nunez garcia");
    EXPECT_EQ(fold_name("ST. JOHN  Jr."), "st john jr");
    EXPECT_EQ(fold_name("Søren Łukasz Straße Æsa"), "soren lukasz strasse aesa");
    EXPECT_EQ(fold_name("ÉÀÇ"), "eac");
    EXPECT_EQ(fold_name("Nu\xCC\x81n\xCC\x83"
                        "ez"),
              fold_name("Núñez"));
    EXPECT_EQ(fold_name("Иванов"), "иванов");
    EXPECT_EQ(fold_name("李 小龙"), "李 小龙");
    EXPECT_EQ(fold_name("--'"), "");
}

void expect_parts(std::string_view text, std::string_view first, std::string_view middle, std::string_view last,
                  std::string_view suffix) {
    const NameParts parts = split_full_name(text);
    EXPECT_EQ(parts.first, first) << text;
    EXPECT_EQ(parts.middle, middle) << text;
    EXPECT_EQ(parts.last, last) << text;
    EXPECT_EQ(parts.suffix, suffix) << text;
}

TEST(Name, full_names_come_apart) {
    expect_parts("Mary Ann Smith", "Mary", "Ann", "Smith", "");
    expect_parts("Smith, Mary Ann", "Mary", "Ann", "Smith", "");
    expect_parts("de la Cruz, Ana", "Ana", "", "de la Cruz", "");
    expect_parts("Smith, John Q, Jr", "John", "Q", "Smith", "Jr");
    expect_parts("Smith, John, Jr", "John", "", "Smith", "Jr");
    expect_parts("John Smith III", "John", "", "Smith", "III");
    expect_parts("John Smith, Jr.", "John", "", "Smith", "Jr.");
    expect_parts("Smith, Jr.", "", "", "Smith", "Jr.");
    expect_parts("Smith Jr", "", "", "Smith", "Jr");
    expect_parts("Cher", "", "", "Cher", "");
    expect_parts("Jr", "", "", "Jr", "");
    expect_parts(" ", "", "", "", "");
    expect_parts(",", "", "", "", "");
    expect_parts("Smith,", "", "", "Smith", "");
    expect_parts(", John", "John", "", "", "");
}

TEST(Name, a_suffix_may_stand_behind_any_part) {
    expect_parts("Smith Jr, John A", "John", "A", "Smith", "Jr");
    expect_parts("Smith, John A Jr", "John", "A", "Smith", "Jr");
    expect_parts("Smith, John III", "John", "", "Smith", "III");
    expect_parts("King, Jr., Martin Luther", "Martin", "Luther", "King", "Jr.");
    expect_parts("de la Cruz Jr, Ana M", "Ana", "M", "de la Cruz", "Jr");
    expect_parts("Smith, John, Jr, MD", "John", "", "Smith", "Jr, MD");
    expect_parts("John Smith Jr MD", "John", "", "Smith", "Jr MD");
    expect_parts("John Smith, Jr., MD", "John", "", "Smith", "Jr., MD");
    expect_parts("John Smith Jr., MD", "John", "", "Smith", "Jr., MD");
    expect_parts("Smith, Jr.,", "", "", "Smith", "Jr.");
    expect_parts("Smith, John,,", "John", "", "Smith", "");
}

TEST(Name, what_may_be_a_name_is_a_suffix_only_behind_two_words) {
    expect_parts("John V", "John", "", "V", "");
    expect_parts("John Smith V", "John", "", "Smith", "V");
    expect_parts("John Smith, MD", "John", "", "Smith", "MD");
    expect_parts("Smith, John V", "John", "V", "Smith", "");
    expect_parts("Smith, John A V", "John", "A", "Smith", "V");
    expect_parts("Rahman, Md", "Md", "", "Rahman", "");
    expect_parts("Rahman, Md, Jr", "Md", "", "Rahman", "Jr");
    expect_parts("Rahman, Md Abdul", "Md", "Abdul", "Rahman", "");
}

}  // namespace
}  // namespace townhall::importer
